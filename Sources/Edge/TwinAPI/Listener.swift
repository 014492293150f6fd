// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// One place where the API listens, from start to stop.
final class Listener: Sendable {
  enum Place: Sendable {
    case socket(SocketPlace)
    case tcp(address: String, port: Int)
  }

  private struct State {
    var run: Task<Void, Never>?
    var port: Int?
  }

  private let place: Place
  private let server: Server<GuardedChannel<HTTP1Channel>>
  private let requests: ActiveRequests
  private let running: AsyncStream<Result<Int?, any Error>>
  private let report: AsyncStream<Result<Int?, any Error>>.Continuation
  private let state = Mutex(State())

  init(
    place: Place, responder: Responder, security: PortSecurity? = nil, works: WorkRegistry,
    group: any EventLoopGroup, log: Logger
  ) {
    var peers: PeerBook?
    if case .socket(let book) = responder.door { peers = book }
    self.place = place
    let requests = ActiveRequests()
    self.requests = requests
    let (running, report) = AsyncStream.makeStream(
      of: Result<Int?, any Error>.self, bufferingPolicy: .bufferingOldest(1))
    self.running = running
    self.report = report
    // HummingbirdCore tells at info what the module itself tells better.
    var quiet = log
    if quiet.logLevel < .warning { quiet.logLevel = max(quiet.logLevel, .warning) }
    let base = HTTP1Channel(
      responder: { request, writer, channel in
        requests.began(on: channel)
        defer { requests.ended(on: channel) }
        try await responder.answer(request, writer, channel: channel)
      },
      configuration: .init(
        additionalChannelHandlers: [HangUpHandler(works)],
        idleTimeout: .seconds(Limits.idleSeconds),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: Limits.header, maxHeaderListSize: Limits.header,
          maxHeaderFieldCount: Limits.headerFields)))
    server = Server(
      childChannelSetup: GuardedChannel(base: base, peers: peers, security: security),
      configuration: .init(
        address: place.bindAddress, backlog: 1024,
        availableConnectionsDelegate: MaximumAvailableConnections(Limits.connections)),
      onServerRunning: { channel in report.yield(.success(channel.localAddress?.port)) },
      eventLoopGroup: group, logger: quiet)
  }

  var port: Int? { state.withLock { $0.port } }

  /// Returns once connections are accepted.
  func start() async throws {
    if case .socket(let place) = place { try place.prepare() }
    let run = Task { [server, report] in
      do {
        try await server.run()
      } catch {
        report.yield(.failure(error))
      }
      report.finish()
    }
    state.withLock { $0.run = run }
    var iterator = running.makeAsyncIterator()
    switch await iterator.next() {
    case .success(let port): state.withLock { $0.port = port }
    case .failure(let error): throw place.startError(error)
    case nil: throw CancellationError()
    }
    guard case .socket(let place) = place else { return }
    do {
      try place.publish()
    } catch {
      await stop(within: .zero)
      throw error
    }
  }

  /// Accepts nothing more and gives the requests under way until the limit, then closes their connections.
  func stop(within limit: Duration) async {
    if case .socket(let place) = place, state.withLock({ $0.run != nil }) { place.remove() }
    let timer = Task { [requests] in
      try? await Task.sleep(for: limit)
      requests.closeAll()
    }
    try? await server.shutdownGracefully()
    await state.withLock { $0.run }?.value
    timer.cancel()
  }
}

extension Listener.Place {
  fileprivate var bindAddress: BindAddress {
    switch self {
    case .socket(let place): .unixDomainSocket(path: place.temporaryPath)
    case .tcp(let address, let port): .hostname(address, port: port)
    }
  }

  fileprivate func startError(_ error: any Error) -> StartError {
    switch self {
    case .socket(let place):
      return StartError(
        key: "modules.twinAPI.socket", value: place.path, expected: "a place for a socket (\(error))")
    case .tcp(let address, let port):
      if let error = error as? IOError, error.isAddressInUse {
        return StartError(
          key: "modules.twinAPI.port", value: "\(port)", expected: "a free port, but another process uses it")
      }
      return StartError(
        key: "modules.twinAPI.address", value: address, expected: "an address of this machine (\(error))")
    }
  }
}

/// The connections that are in a request now, so that those which never end can be cut at the stop.
private final class ActiveRequests: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var isClosed = false
  }
  private let state = Mutex(State())

  func began(on channel: any Channel) {
    let isClosed = state.withLock { state in
      state.channels[ObjectIdentifier(channel)] = channel
      return state.isClosed
    }
    if isClosed { channel.close(promise: nil) }
  }

  func ended(on channel: any Channel) {
    state.withLock { _ = $0.channels.removeValue(forKey: ObjectIdentifier(channel)) }
  }

  func closeAll() {
    let channels = state.withLock { state in
      state.isClosed = true
      return state.channels
    }
    for channel in channels.values { channel.close(promise: nil) }
  }
}
