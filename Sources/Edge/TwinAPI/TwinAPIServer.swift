// SPDX-License-Identifier: Apache-2.0
internal import Beehive
package import DeviceAPI
internal import HummingbirdCore
package import Logging
package import NIOCore
internal import Synchronization

/// The twin query API: HTTP on a unix socket, which may do everything, and on a loopback port, which may
/// only read. The routes are in `Router`, their meaning in `docs/api.md`.
package final class TwinAPIServer: Module {
  package let name = "twinAPI"

  private let options: TwinAPIOptions
  private let group: any EventLoopGroup
  private let log: Logger
  private let router: Router
  private let watches: WatchRegistry
  private let works = WorkRegistry()
  private let manifests: ManifestQueue?
  private let listeners = Mutex<[Listener]>([])
  private let boundPort = Mutex<Int?>(nil)

  /// - Parameters:
  ///   - group: shared with the rest of the agent, which also shuts it down.
  ///   - heartbeat: silence after which a watch sends a comment, so that both ends notice a dead connection.
  ///   - watchLimit: watches and waiting writes together; nil: `Limits.watches`.
  package init(
    options: TwinAPIOptions, services: TwinAPIServices, group: any EventLoopGroup, log: Logger,
    heartbeat: Duration = .seconds(15),
    watchLimit: Int? = nil
  ) {
    self.options = options
    self.group = group
    self.log = log
    watches = WatchRegistry(limit: watchLimit ?? Limits.watches)
    manifests = services.manifests.map { ManifestQueue(store: $0, limit: Limits.manifestRequests) }
    let handlers = Handlers(
      services: services, manifests: manifests, watches: watches, works: works, heartbeat: heartbeat)
    router = Router(Handlers.endpoints(handlers))
  }

  /// The port that the TCP listener has; nil before `start`, or without one.
  package var port: Int? { boundPort.withLock { $0 } }

  package func start() async throws {
    if let path = options.socket, !path.isEmpty {
      let place = try SocketPlace(path)
      try await open(
        .init(
          place: .socket(place), responder: responder(guarding: nil), works: works, group: group, log: log))
      log.info("twin API listens", metadata: ["socket": "\(path)"])
    }
    if let port = options.port {
      try checkAddress(port: port)
      let guardian = RequestGuard(
        address: options.address, hostNames: options.hostNames, socket: options.socket)
      let listener = Listener(
        place: .tcp(address: options.address, port: port), responder: responder(guarding: guardian),
        works: works, group: group, log: log)
      try await open(listener)
      boundPort.withLock { $0 = listener.port }
      log.info(
        "twin API listens, read-only", metadata: ["address": "\(options.address):\(listener.port ?? port)"])
    }
  }

  package func stop() async {
    let open = listeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
    // Watches never end by themselves, and scans not for long: they go first, or the listeners would wait.
    watches.close()
    works.close()
    await withTaskGroup(of: Void.self) { group in
      for listener in open { group.addTask { await listener.stop(within: Limits.drain) } }
    }
    await manifests?.stop()
  }

  private func open(_ listener: Listener) async throws {
    try await listener.start()
    listeners.withLock { $0.append(listener) }
  }

  private func checkAddress(port: Int) throws {
    guard RequestGuard.isLoopback(options.address) else {
      throw StartError(
        key: "modules.twinAPI.address", value: options.address,
        expected: "a loopback address such as 127.0.0.1")
    }
    guard (0...65535).contains(port) else {
      throw StartError(key: "modules.twinAPI.port", value: "\(port)", expected: "a port from 1 to 65535")
    }
  }

  private func responder(guarding guardian: RequestGuard?) -> Responder {
    Responder(router: router, guardian: guardian, log: log)
  }
}

/// Why the twin API cannot listen: key, value, what was expected.
package struct StartError: Error, CustomStringConvertible, Equatable {
  package let key: String
  package let value: String
  package let expected: String

  package var description: String { "\(key): \(value): expected \(expected)" }
}
