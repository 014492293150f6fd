// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Journal
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import TwinAPI

/// The API with a log of events, in a folder of its own, for the time of a test.
final class GuardedAPI: Sendable {
  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  let folder: String
  let twins = FakeTwins()
  let journal: Journal
  let server: TwinAPIServer

  var socket: String { folder + "/api.sock" }

  private init(folder: String, heartbeat: Duration, _ edit: (inout TwinAPIOptions) -> Void) {
    var log = Logger(label: "test")
    log.logLevel = .critical
    self.folder = folder
    journal = Journal(JournalOptions(folder: nil), log: log)
    var options = TwinAPIOptions(socket: folder + "/api.sock", port: 0)
    options.tokens = folder + "/tokens.json"
    edit(&options)
    let mappers = FakeMappers()
    server = TwinAPIServer(
      options: options,
      services: TwinAPIServices(
        twins: twins, mappers: mappers, methods: mappers, discovery: mappers, node: FakeNode(),
        manifests: FakeManifests(), events: journal),
      group: Self.group, log: log, heartbeat: heartbeat)
  }

  static func running(
    in given: String? = nil, heartbeat: Duration = .seconds(15),
    _ edit: (inout TwinAPIOptions) -> Void = { _ in },
    _ body: (GuardedAPI) async throws -> Void
  ) async throws {
    let folder = try given ?? makeFolder()
    defer { if given == nil { removeFolder(folder) } }
    let api = GuardedAPI(folder: folder, heartbeat: heartbeat, edit)
    try await api.journal.start()
    do {
      try await api.server.start()
      try await body(api)
    } catch {
      await api.server.stop()
      await api.journal.stop()
      throw error
    }
    await api.server.stop()
    await api.journal.stop()
  }

  static func makeFolder() throws -> String {
    var template = Array("/tmp/twin-access-XXXXXX".utf8CString)
    return try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  static func removeFolder(_ folder: String) {
    for name in ["tokens.json", "tokens.json.new", "ca.pem", "ca.key", "a.pem", "a.key", "b.pem", "b.key"] {
      unlink(folder + "/" + name)
    }
    rmdir(folder)
  }

  enum Way: Sendable {
    case socket
    case port
    /// With TLS; the handler is the client's.
    case secure(@Sendable () throws -> any ChannelHandler)
  }

  /// One request on a connection of its own.
  func ask(
    _ method: String, _ path: String, _ body: String = "", headers: [String] = [], by way: Way = .port
  ) async throws -> Answer {
    var lines = ["\(method) \(path) HTTP/1.1", "Connection: close"]
    if !headers.contains(where: { $0.hasPrefix("Host:") }) { lines.append("Host: localhost") }
    if !body.isEmpty {
      lines.append("Content-Length: \(body.utf8.count)")
      lines.append("Content-Type: application/json")
    }
    let text = (lines + headers).joined(separator: "\r\n") + "\r\n\r\n" + body
    let channel = try await connect(by: way)
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: text))
      var received = ""
      for try await part in inbound { received += String(buffer: part) }
      return try Answer(received)
    }
  }

  func connect(by way: Way) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
    let bootstrap = ClientBootstrap(group: Self.group).connectTimeout(.seconds(60))
    let make: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> = {
      channel in
      channel.eventLoop.makeCompletedFuture {
        if case .secure(let handler) = way { try channel.pipeline.syncOperations.addHandler(handler()) }
        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
      }
    }
    if case .socket = way {
      return try await bootstrap.connect(unixDomainSocketPath: socket, channelInitializer: make)
    }
    return try await bootstrap.connect(host: "127.0.0.1", port: server.port ?? 0, channelInitializer: make)
  }

  /// A token made over the socket.
  func token(_ name: String, _ scope: String, more: String = "") async throws -> (id: String, secret: String)
  {
    let answer = try await ask(
      "POST", "/v1/tokens", #"{"name":"\#(name)","scope":"\#(scope)"\#(more)}"#, by: .socket)
    try #require(answer.status == 201, "\(answer.body)")
    return (
      try #require(answer.json["id"]?.string), try #require(answer.json["token"]?.string)
    )
  }

  /// The changes in the log, oldest first.
  var changes: [EventRecord] {
    journal.events(EventFilter(kinds: [.change]), before: nil, limit: 1000).reversed().map(\.record)
  }
}

struct Answer: Sendable {
  struct Unreadable: Error { let text: String }

  let status: Int
  let headers: [String: String]
  let body: String

  init(_ text: String) throws {
    guard let end = text.ranges(of: "\r\n\r\n").first else { throw Unreadable(text: text) }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count > 1, let status = Int(words[1]) else { throw Unreadable(text: text) }
    self.status = status
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
    }
    self.headers = headers
    body = String(text[end.upperBound...])
  }

  var json: JSON { (try? JSON.parse(body)) ?? .null }
  var problem: String? { json["type"]?.string.map { String($0.dropFirst(Problem.typePrefix.count)) } }
}

extension [String] {
  static func bearer(_ secret: String) -> [String] { ["Authorization: Bearer \(secret)"] }
}
