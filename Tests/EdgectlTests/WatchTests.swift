// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import edgectl

@Suite struct WatchTests {
  @Test func `puts events together wherever the pieces break`() {
    let stream =
      ": hi\n\nretry: 2000\n\nevent: device\ndata: {\"a\":\"°\"}\n\r\nevent:removed\r\ndata:x\r\ndata: y\r\n\r\n"
    let expected = [
      ServerSentEvent(name: "device", data: #"{"a":"°"}"#),
      ServerSentEvent(name: "removed", data: "x\ny"),
    ]
    var whole = ServerSentEvent.Parser()
    #expect(whole.take(Array(stream.utf8)) == expected)
    var parser = ServerSentEvent.Parser()
    #expect(stream.utf8.flatMap { parser.take([$0]) } == expected)
  }

  private static func event(_ data: String, _ name: String = "device") -> ServerSentEvent {
    .init(name: name, data: data)
  }

  static let first =
    #"{"namespace":"plant","name":"pump-1","link":{"state":"online","since":"2026-11-24T12:00:00.000Z"},"#
    + #""properties":{"a":{"reported":{"value":1,"quality":"good"},"inSync":true},"#
    + #""b":{"desired":{"value":2,"state":"pending"},"inSync":false}}}"#
  static let second =
    #"{"namespace":"plant","name":"pump-1","link":{"state":"offline","reason":"no answer"},"#
    + #""properties":{"b":{"desired":{"value":2,"state":"applied"},"inSync":true}}}"#

  @Test func `merges changes into whole devices`() throws {
    var tracker = DeviceTracker()
    let first = try #require(try tracker.take(Self.event(Self.first)))
    #expect(first.before == nil)
    #expect(first.device["inSync"] == false)
    #expect(first.device["counts"]?["pending"] == 1)
    let second = try #require(try tracker.take(Self.event(Self.second)))
    #expect(second.properties.map(\.name) == ["b"])
    #expect(second.device["properties"]?["a"]?["reported"]?["value"] == 1)
    #expect(second.device["inSync"] == true)
    #expect(second.before?["link"]?["state"] == "online")
    let removed = try #require(
      try tracker.take(Self.event(#"{"namespace":"plant","name":"pump-1"}"#, "removed")))
    #expect(removed.isRemoved)
    #expect(try tracker.take(Self.event("{}", "other")) == nil)
    #expect(throws: Failure.self) { try tracker.take(Self.event("{")) }
  }

  @Test func `prints a line a change`() throws {
    let terminal = Terminal(hasColor: false)
    var tracker = DeviceTracker()
    var lines = ChangeLines()
    func text(_ data: String) throws -> [String] {
      let change = try #require(try tracker.take(Self.event(data)))
      return lines.text(of: change, on: terminal).split(separator: "\n").map(String.init)
    }
    let first = try text(Self.first)
    #expect(first.count == 3)
    #expect(first[0].hasSuffix("  plant/pump-1          (link)          online"))
    #expect(first[1] == "-             plant/pump-1          a               1           good")
    #expect(
      first[2]
        == "-             plant/pump-1          b               -           -          → 2 pending")
    let second = try text(Self.second)
    #expect(second.count == 2)
    #expect(
      second[0]
        == "-             plant/pump-1          (link)          offline                no answer")
    #expect(second[1].hasSuffix("→ 2 applied"))
  }
}
