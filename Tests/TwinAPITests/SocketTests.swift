// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import NIOCore
import Testing

@testable import TwinAPI

/// The client's side of a WebSocket, over a raw connection.
private struct SocketClient {
  var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private var received = ByteBuffer()

  struct Ended: Error {}

  init(_ connection: RawClient.Conversation) {
    inbound = connection.inbound
    outbound = connection.outbound
    received.writeString(connection.received)
  }

  func send(_ text: String, opcode: UInt8 = 1, isLast: Bool = true) async throws {
    let content = Array(text.utf8)
    let mask: [UInt8] = [1, 2, 3, 4]
    var frame = ByteBuffer(bytes: [(isLast ? 0x80 : 0) | opcode])
    switch content.count {
    case ..<126: frame.writeInteger(0x80 | UInt8(content.count))
    case ..<65536:
      frame.writeInteger(0x80 | 126 as UInt8)
      frame.writeInteger(UInt16(content.count))
    default:
      frame.writeInteger(0x80 | 127 as UInt8)
      frame.writeInteger(UInt64(content.count))
    }
    frame.writeBytes(mask)
    frame.writeBytes(content.enumerated().map { $0.element ^ mask[$0.offset % 4] })
    try await outbound.write(frame)
  }

  mutating func frame() async throws -> (opcode: UInt8, content: ByteBuffer) {
    while true {
      if let frame = Self.parse(&received) { return frame }
      guard var more = try await inbound.next() else { throw Ended() }
      received.writeBuffer(&more)
    }
  }

  mutating func message() async throws -> JSON {
    while true {
      let (opcode, content) = try await frame()
      if opcode == 1 { return try JSON.parse(String(buffer: content)) }
      if opcode == 8 { throw Ended() }
    }
  }

  /// The status with which the server closes.
  mutating func closeCode() async throws -> UInt16? {
    while true {
      var (opcode, content) = try await frame()
      if opcode == 8 { return content.readInteger() }
    }
  }

  private static func parse(_ buffer: inout ByteBuffer) -> (UInt8, ByteBuffer)? {
    var copy = buffer
    guard let first: UInt8 = copy.readInteger(), let second: UInt8 = copy.readInteger() else { return nil }
    var length = Int(second)
    if second == 126 {
      guard let long: UInt16 = copy.readInteger() else { return nil }
      length = Int(long)
    } else if second == 127 {
      guard let long: UInt64 = copy.readInteger() else { return nil }
      length = Int(long)
    }
    guard let content = copy.readSlice(length: length) else { return nil }
    buffer = copy
    return (first & 0x0F, content)
  }
}

@Suite struct SocketTests {
  private static func handshake(_ more: [String] = []) -> String {
    ([
      "GET /v1/ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: selvedge.v1",
    ] + more).joined(separator: "\r\n") + "\r\n\r\n"
  }

  private func withSocket(
    _ api: TestAPI, tcp: Bool = false, _ body: @escaping @Sendable (inout SocketClient) async throws -> Void
  ) async throws {
    try await api.connect(tcp: tcp).withConnection { connection in
      try await connection.send(Self.handshake())
      let head = try await connection.head()
      #expect(head.status == 101)
      // The answer to this key is the RFC's own example.
      #expect(head.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
      #expect(head.headers["sec-websocket-protocol"] == "selvedge.v1")
      var client = SocketClient(connection)
      try await body(&client)
    }
  }

  @Test func `answers requests in their order`() async throws {
    try await TestAPI.running { api in
      try await withSocket(api) { socket in
        try await socket.send(#"{"id":1,"op":"get","device":"default/pump-1"}"#)
        try await socket.send(#"{"id":"two","op":"set","device":"default/pump-1","desired":{"setpoint":30}}"#)
        try await socket.send(
          #"{"id":3,"op":"call","device":"default/pump-1","method":"add","arguments":{"a":1,"b":2}}"#)
        let got = try await socket.message()
        #expect(got["id"] == 1)
        #expect(got["ok"] == true)
        #expect(got["result"]?["name"] == "pump-1")
        let set = try await socket.message()
        #expect(set["id"] == "two")
        #expect(set["result"]?["status"] == "stored")
        #expect(set["result"]?["desiredVersion"] == 4)
        #expect(try await socket.message()["id"] == 3)
      }
      #expect(api.twins.setCount == 1)
    }
  }

  @Test func `pushes what changes between the answers`() async throws {
    try await TestAPI.running { api in
      try await withSocket(api) { socket in
        try await socket.send(
          #"{"id":1,"op":"watch","filter":{"device":"default/pump-1","property":["setpoint"]}}"#)
        #expect(try await socket.message()["ok"] == true)
        let first = try await socket.message()
        #expect(first["event"] == "device")
        #expect(first["data"]?["complete"] == true)
        api.twins.report(.int(77), "setpoint", of: .test("default/pump-1"))
        let second = try await socket.message()
        #expect(second["data"]?["properties"]?["setpoint"]?["reported"]?["value"] == 77)
        #expect(second["eventId"]?.string == "7-\(api.twins.position)")
        try await socket.send(#"{"id":2,"op":"unwatch"}"#)
        #expect(try await socket.message()["id"] == 2)
        api.twins.report(.int(78), "setpoint", of: .test("default/pump-1"))
        try await socket.send(#"{"id":3,"op":"get","device":"default/none"}"#)
        #expect(try await socket.message()["problem"]?["status"] == 404)
      }
    }
  }

  @Test(arguments: [
    "x", "[]", "{}", #"{"op":"fly"}"#, #"{"op":"get"}"#, #"{"op":"get","device":"default/pump-1","x":1}"#,
    #"{"op":"set","device":"default/pump-1","desired":[]}"#,
    #"{"op":"set","device":"default/pump-1","desired":{"setpoint":1},"timeout":5}"#,
    #"{"op":"set","device":"default/pump-1","desired":{"setpoint":1},"wait":"x"}"#,
    #"{"op":"watch","filter":{"where":"x"}}"#, #"{"op":"watch","filter":{"y":1}}"#,
    #"{"op":"watch","after":"x"}"#,
    #"{"op":"call","device":"default/pump-1"}"#,
  ])
  func `refuses a message that is not right, and goes on`(message: String) async throws {
    try await TestAPI.running { api in
      try await withSocket(api) { socket in
        try await socket.send(message)
        #expect(try await socket.message()["problem"]?["status"] == 400)
        try await socket.send(#"{"id":9,"op":"get","device":"default/pump-1"}"#)
        #expect(try await socket.message()["id"] == 9)
      }
    }
  }

  @Test func `a port that only reads sets nothing`() async throws {
    try await TestAPI.running { api in
      try await withSocket(api, tcp: true) { socket in
        try await socket.send(#"{"id":1,"op":"set","device":"default/pump-1","desired":{"setpoint":1}}"#)
        #expect(try await socket.message()["problem"]?["status"] == 403)
      }
      #expect(api.twins.setCount == 0)
      let foreign = try await api.ask(
        "GET", "/v1/ws",
        headers: [
          "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "Sec-WebSocket-Version: 13", "Origin: http://evil.example",
        ], tcp: true)
      #expect(foreign.status == 403)
    }
  }

  @Test func `refuses a handshake that is none`() async throws {
    try await TestAPI.running { api in
      let plain = try await api.ask("GET", "/v1/ws")
      #expect(plain.status == 426)
      let noKey = try await api.ask("GET", "/v1/ws", headers: ["Upgrade: websocket", "Connection: Upgrade"])
      #expect(noKey.status == 400)
    }
  }

  @Test func `answers pings, joins fragments and closes with a reason`() async throws {
    try await TestAPI.running { api in
      try await withSocket(api) { socket in
        try await socket.send("hello", opcode: 9)
        let pong = try await socket.frame()
        #expect(pong.opcode == 10)
        #expect(String(buffer: pong.content) == "hello")
        try await socket.send(#"{"id":1,"op":"get","#, isLast: false)
        try await socket.send(#""device":"default/pump-1"}"#, opcode: 0)
        #expect(try await socket.message()["id"] == 1)
        try await socket.send("\u{3}\u{e8}", opcode: 8)
        _ = try await socket.closeCode()
      }
      try await withSocket(api) { socket in
        try await socket.send("x", opcode: 2)
        #expect(try await socket.closeCode() == 1003)
      }
      try await withSocket(api) { socket in
        try await socket.send("{}", opcode: 0)
        #expect(try await socket.closeCode() == 1002)
      }
      try await eventually { api.server.openWatches == 0 }
    }
  }

  @Test func `a client that answers no ping is gone after a few of them`() async throws {
    try await TestAPI.running(TestAPI(heartbeat: .milliseconds(50))) { api in
      try await withSocket(api) { socket in
        // The first pings may have come together with the handshake's answer.
        let code = try await socket.closeCode()
        #expect(code == 1001)
      }
      try await eventually { api.server.openWatches == 0 }
    }
  }

  @Test func `is closed when the agent stops`() async throws {
    let api = TestAPI()
    try await api.server.start()
    try await withSocket(api) { socket in
      try await socket.send(#"{"id":1,"op":"watch"}"#)
      _ = try await socket.message()
      async let stopped: Void = api.stop()
      #expect(try await socket.closeCode() == 1001)
      await stopped
    }
  }
}
