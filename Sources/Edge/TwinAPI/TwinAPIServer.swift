// SPDX-License-Identifier: Apache-2.0
internal import Beehive
internal import DeviceAPI
internal import Glibc
internal import HummingbirdCore
package import Logging
package import NIOCore
internal import Synchronization

/// The twin query API: HTTP on a unix socket, where the kernel says who asks, and on a port, where a token does. The routes are in `Router`, their meaning in `docs/api.md`.
package final class TwinAPIServer: Module {
  package let name = "twinAPI"

  private let options: TwinAPIOptions
  private let group: any EventLoopGroup
  private let log: Logger
  private let router: Router
  private let watches: WatchRegistry
  private let works = WorkRegistry()
  private let manifests: ManifestQueue?
  private let work: BlockingWork
  private let access: AccessControl
  private let audit: Audit
  private let metrics = RequestMetrics()
  private let followers = EventFollowers()
  private let refreshing = Mutex<Task<Void, Never>?>(nil)
  private let listeners = Mutex<[Listener]>([])
  private let boundPort = Mutex<Int?>(nil)

  /// - Parameters:
  ///   - group: shared with the rest of the agent, which also shuts it down.
  ///   - heartbeat: silence after which a watch sends a comment, so that both ends notice a dead connection.
  ///   - watchLimit: watches and waiting writes together; nil: as the options say. Further watches
  ///     get 503, further writes their answer at once.
  package init(
    options: TwinAPIOptions, services: TwinAPIServices, group: any EventLoopGroup, log: Logger,
    heartbeat: Duration = .seconds(15),
    watchLimit: Int? = nil
  ) {
    self.options = options
    self.group = group
    self.log = log
    watches = WatchRegistry(limit: watchLimit ?? options.watches)
    manifests = services.manifests.map { ManifestQueue(store: $0, limit: Limits.manifestRequests) }
    work = BlockingWork()
    access = AccessControl(
      tokens: TokenStore(path: options.tokens, work: work), areTokensRequired: options.areTokensRequired,
      rates: .init(reads: options.readsPerSecond, writes: options.writesPerSecond))
    audit = Audit(events: services.events)
    var handlers = Handlers(
      services: services, manifests: manifests, watches: watches, works: works, heartbeat: heartbeat)
    handlers.access = access
    handlers.metrics = metrics
    handlers.followers = followers
    handlers.isSecure = options.tls != nil
    router = Router(Handlers.endpoints(handlers))
  }

  /// Watches, sockets and waiting writes that are open now.
  package var openWatches: Int { watches.count }

  /// The port that the TCP listener has; nil before `start`, or without one.
  package var port: Int? { boundPort.withLock { $0 } }

  package func start() async throws {
    if let problem = await access.tokens.load() {
      // Nobody may come in by damaging the file, and nobody shall be locked out of the socket by it.
      log.error("tokens cannot be read, so none is valid: \(problem)", metadata: ["module": "twinAPI"])
    }
    if let path = options.socket, !path.isEmpty {
      let place = try SocketPlace(path)
      let policy = SocketPolicy(
        rules: options.socketRules, runnerUsers: options.runnerUsers, ownUser: UInt32(geteuid()))
      try await open(
        .init(
          place: .socket(place), responder: responder(.socket(PeerBook(policy: policy, work: work))),
          works: works, group: group, log: log))
      log.info("twin API listens", metadata: ["socket": "\(path)"])
    }
    if let port = options.port { try await openPort(port) }
  }

  private func openPort(_ port: Int) async throws {
    let isLoopback = RequestGuard.isLoopback(options.address)
    guard isLoopback || options.tls != nil else {
      throw StartError(
        key: "modules.twinAPI.address", value: options.address,
        expected: "a loopback address such as 127.0.0.1, or modules.twinAPI.tls for one that others reach")
    }
    guard (0...65535).contains(port) else {
      throw StartError(key: "modules.twinAPI.port", value: "\(port)", expected: "a port from 1 to 65535")
    }
    try await options.tls?.load()
    let isSecure = options.tls != nil
    let guardian = RequestGuard(
      address: options.address, hostNames: options.hostNames, socket: options.socket, isSecure: isSecure,
      takesAnyHost: !isLoopback)
    let listener = Listener(
      place: .tcp(address: options.address, port: port),
      responder: responder(.port(guardian, isLoopback: isLoopback, isSecure: isSecure)),
      security: options.tls, works: works, group: group, log: log)
    try await open(listener)
    boundPort.withLock { $0 = listener.port }
    if let tls = options.tls {
      let task = Task {
        while (try? await Task.sleep(for: Limits.certificateCheck)) != nil { await tls.refresh() }
      }
      refreshing.withLock { $0 = task }
    }
    log.info(
      "twin API listens",
      metadata: [
        "address": "\(options.address):\(listener.port ?? port)", "tls": "\(isSecure)",
        "tokens": "\(access.tokens.all.count)",
      ])
  }

  /// Reads the certificate again if its files have changed; else this is done every half minute.
  package func reload() async { await options.tls?.refresh() }

  package func stop() async {
    let open = listeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
    // Watches never end by themselves, and scans not for long: they go first, or the listeners would wait.
    watches.close()
    works.close()
    followers.close()
    await withTaskGroup(of: Void.self) { group in
      for listener in open { group.addTask { await listener.stop(within: Limits.drain) } }
    }
    refreshing.withLock { $0.take() }?.cancel()
    await access.tokens.saveUses()
    await work.stop()
    await manifests?.stop()
  }

  private func open(_ listener: Listener) async throws {
    try await listener.start()
    listeners.withLock { $0.append(listener) }
  }

  private func responder(_ door: Door) -> Responder {
    Responder(router: router, door: door, access: access, audit: audit, metrics: metrics, log: log)
  }
}

/// Why the twin API cannot listen: key, value, what was expected.
package struct StartError: Error, CustomStringConvertible, Equatable {
  package let key: String
  package let value: String
  package let expected: String

  package init(key: String, value: String, expected: String) {
    self.key = key
    self.value = value
    self.expected = expected
  }

  package var description: String { "\(key): \(value): expected \(expected)" }
}
