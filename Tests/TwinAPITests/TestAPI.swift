// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import TwinAPI

/// The API on a socket and a port of its own, for the time of a test.
struct TestAPI {
  let twins = FakeTwins()
  let node = FakeNode()
  let methods = FakeMethods()
  let discovery = FakeDiscovery()
  let manifests = FakeManifests()
  let history = FakeHistory()
  let socket: String
  let server: TwinAPIServer

  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  init(
    socket: String = Self.freshSocket(), port: Int? = 0, withManifests: Bool = true, withHistory: Bool = true,
    heartbeat: Duration = .seconds(15), hostNames: [String] = [], watchLimit: Int? = nil
  ) {
    self.socket = socket
    var log = Logger(label: "test")
    log.logLevel = .critical
    server = TwinAPIServer(
      options: TwinAPIOptions(socket: socket, port: port, hostNames: hostNames),
      services: TwinAPIServices(
        twins: twins, mappers: FakeMappers(), methods: methods, discovery: discovery, node: node,
        manifests: withManifests ? manifests : nil, history: withHistory ? history : nil),
      group: Self.group, log: log,
      heartbeat: heartbeat, watchLimit: watchLimit)
    twins.add(.test("default/pump-1"))
  }

  /// A path in a folder that does not exist yet.
  static func freshSocket() -> String {
    "/tmp/twin-api-\(getpid())-\(UInt32.random(in: 0 ... .max))/api.sock"
  }

  /// Runs `body` between start and stop.
  static func running(_ api: TestAPI = TestAPI(), _ body: (TestAPI) async throws -> Void) async throws {
    do {
      try await api.server.start()
      try await body(api)
    } catch {
      await api.stop()
      throw error
    }
    await api.stop()
  }

  /// Also after a start that failed. Takes the folder away if nobody else is in it.
  func stop() async {
    await server.stop()
    if socket.hasPrefix("/tmp/"), let end = socket.lastIndex(of: "/") { rmdir(String(socket[..<end])) }
  }

  func connect(tcp: Bool = false) async throws -> RawClient {
    let bootstrap = ClientBootstrap(group: Self.group)
    let make: @Sendable (any Channel) -> EventLoopFuture<RawClient.Connection> = { channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel(wrappingChannelSynchronously: channel)
      }
    }
    if tcp {
      return RawClient(
        try await bootstrap.connect(host: "127.0.0.1", port: server.port ?? 0, channelInitializer: make))
    }
    return RawClient(try await bootstrap.connect(unixDomainSocketPath: socket, channelInitializer: make))
  }

  /// One request with its answer.
  func ask(
    _ method: String, _ path: String, _ body: String = "", headers: [String] = [], tcp: Bool = false
  ) async throws -> Answer {
    var lines = ["\(method) \(path) HTTP/1.1"]
    if !headers.contains(where: { $0.hasPrefix("Host:") }) { lines.append("Host: localhost") }
    if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
    let text = (lines + headers).joined(separator: "\r\n") + "\r\n\r\n" + body
    return try await connect(tcp: tcp).withConnection { connection in
      try await connection.send(text)
      return try await connection.answer(toHead: method == "HEAD")
    }
  }
}

/// What came back on one request.
struct Answer {
  var status: Int
  var headers: [String: String]
  var body: String

  var json: JSON { (try? JSON.parse(body)) ?? .null }
  /// The last part of a problem's type.
  var problem: String? {
    guard headers["content-type"] == "application/problem+json" else { return nil }
    return json["type"]?.string.map { String($0.dropFirst(Problem.typePrefix.count)) }
  }
}
