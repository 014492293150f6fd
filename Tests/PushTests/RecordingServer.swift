// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server that keeps what it gets and answers as it is told.
final class RecordingServer: Sendable {
  struct Request: Sendable {
    var method: HTTPMethod
    var path: String
    var headers: HTTPHeaders
    var body: [UInt8]
    /// Which connection it came by, from 0 on.
    var connection: Int
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  struct Answer: Sendable {
    var status = 200
    var body = ""
    /// The connection ends behind it.
    var closes = false
    /// Nothing is said at all.
    var isSilent = false
  }

  private struct State {
    var requests: [Request] = []
    var answer: @Sendable (Int) -> Answer = { _ in Answer() }
    var connections = 0
  }

  private let state = Mutex(State())
  private let channel = Mutex<(any Channel)?>(nil)
  let port: Int

  init(tls: NIOSSLContext? = nil, port: Int = 0) async throws {
    let shared = Box()
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(Handler(shared))
        }
      }
    let channel = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
    self.port = channel.localAddress?.port ?? 0
    self.channel.withLock { $0 = channel }
    shared.box.withLock { $0 = self }
  }

  var requests: [Request] { state.withLock { $0.requests } }

  /// What to answer to the request of this number, from 0 on.
  func answer(_ answer: @escaping @Sendable (Int) -> Answer) { state.withLock { $0.answer = answer } }

  func close() async { try? await channel.withLock { $0.take() }?.close() }

  private func newConnection() -> Int {
    state.withLock {
      $0.connections += 1
      return $0.connections - 1
    }
  }

  private func take(_ request: Request) -> Answer {
    state.withLock {
      $0.requests.append(request)
      return $0.answer($0.requests.count - 1)
    }
  }

  private final class Box: Sendable {
    let box = Mutex<RecordingServer?>(nil)
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: Box
    private var connection = -1
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ server: Box) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard let server = server.box.withLock({ $0 }) else { return }
      if connection < 0 { connection = server.newConnection() }
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body = []
      case .body(let part): body.append(contentsOf: part.readableBytesView)
      case .end:
        guard let head else { return }
        let answer = server.take(
          Request(
            method: head.method, path: head.uri, headers: head.headers, body: body, connection: connection))
        if answer.isSilent { return }
        var headers: HTTPHeaders = ["Content-Length": "\(answer.body.utf8.count)"]
        if answer.closes { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: answer.status)
        context.write(
          wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if answer.closes { context.close(promise: nil) }
      }
    }
  }
}
