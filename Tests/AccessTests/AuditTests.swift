// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Journal
import JSON
import NIOCore
import Testing
import TestSupport

@testable import TwinAPI

@Suite struct AuditTests {
  private static let desired = "/v1/devices/default/pump-1/properties/setpoint/desired"

  @Test func `each change has a line with who, what, from where and the result`() async throws {
    try await GuardedAPI.running { api in
      let token = try await api.token("line-3", "admin")
      #expect(
        try await api.ask(
          "PUT", "/v1/manifests", "kind: Device",
          headers: .bearer(token.secret) + ["Content-Type: application/yaml"]
        ).status == 415)
      let applied = try await api.ask(
        "PUT", "/v1/manifests?source=a.yaml", "{}", headers: .bearer(token.secret))
      #expect(applied.status == 200)
      let called = try await api.ask(
        "POST", "/v1/devices/default/pump-1/methods/reset", #"{"level":3}"#, headers: .bearer(token.secret))
      #expect(called.status >= 400)
      let changes = api.changes
      #expect(changes.map(\.action) == ["createToken", "apply", "apply", "call"])
      #expect(changes[0].caller?.source.hasPrefix("unix socket, pid ") == true)
      #expect(changes[0].details["name"] == "line-3" && changes[0].details["token"] == nil)
      #expect(changes[1].problem.hasPrefix("unsupported-media-type"))
      #expect(changes[2].text == "manifests: Device default/pump-1: created")
      #expect(changes[2].caller == Caller(name: "token line-3", source: "127.0.0.1", scope: .admin))
      #expect(changes[2].details["path"] == "/v1/manifests" && changes[2].details["status"] == 200)
      #expect(changes[3].device == FakeTwins.pump.name && changes[3].details["arguments"] == ["level": 3])
    }
  }

  @Test func `refusals have a line, reading has none, and what the twin took has none of ours`() async throws
  {
    try await GuardedAPI.running { api in
      #expect(try await api.ask("PUT", Self.desired, "22").status == 403)
      #expect(try await api.ask("GET", "/v1/devices").status == 200)
      #expect(try await api.ask("GET", "/v1/nowhere").status == 404)
      _ = try await api.ask(
        "PATCH", "/v1/devices/default/pump-1", #"{"properties":{"a":{"desired":1}}}"#, by: .socket)
      let conflict = try await api.ask(
        "PATCH", "/v1/devices/default/pump-1", #"{"properties":{"a":{"desired":1}}}"#,
        headers: ["If-Match: \"9\""], by: .socket)
      #expect(conflict.status == 412)
      let changes = api.changes
      #expect(changes.map { $0.problem.prefix { $0 != ":" } } == ["read-only", "version-conflict"])
      #expect(changes[0].level == .warning && changes[0].property == "setpoint")
      #expect(changes[0].caller?.name == "anybody")
    }
  }

  @Test func `shows events newest first, by pages, and by kind, level and device`() async throws {
    try await GuardedAPI.running { api in
      for number in 1...5 {
        api.journal.record(
          EventRecord(
            number == 3 ? .mapper : .node, "test", "event \(number)", level: number == 4 ? .error : .info))
      }
      let page = try await api.ask("GET", "/v1/events?limit=2")
      #expect(page.json["items"]?.array?.compactMap { $0["id"]?.int } == [5, 4])
      #expect(page.json["continue"] == "4")
      let next = try await api.ask("GET", "/v1/events?limit=4&before=4")
      #expect(next.json["items"]?.array?.compactMap { $0["id"]?.int } == [3, 2, 1])
      #expect(next.json["continue"] == nil)
      let mappers = try await api.ask("GET", "/v1/events?kind=mapper,link")
      #expect(mappers.json["items"]?.array?.count == 1)
      let errors = try await api.ask("GET", "/v1/events?level=warning")
      #expect(errors.json["items"]?.array?.compactMap { $0["id"]?.int } == [4])
      for query in ["kind=x", "level=x", "device=x", "before=0", "limit=0", "other=1"] {
        #expect(try await api.ask("GET", "/v1/events?\(query)").problem == "invalid-query")
      }
    }
  }

  @Test func `streams events, goes on after the last one that was seen, and ends with the agent`()
    async throws
  {
    try await GuardedAPI.running(heartbeat: .milliseconds(20)) { api in
      for number in 1...3 { api.journal.record(EventRecord(.node, "test", "event \(number)")) }
      let channel = try await api.connect(by: .port)
      try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(
          ByteBuffer(
            string: "GET /v1/events/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1\r\n\r\n"))
        var text = ""
        var parts = inbound.makeAsyncIterator()
        while !text.contains("id: 3\n"), let part = try await parts.next() { text += String(buffer: part) }
        #expect(text.contains("id: 2\nevent: event\ndata: {\"id\":2,") && !text.contains("id: 1\n"))
        api.journal.record(EventRecord(.node, "test", "later"))
        while !text.contains("id: 4\n"), let part = try await parts.next() { text += String(buffer: part) }
        // Silence is broken by comments.
        while !text.hasSuffix("\r\n:\n\n\r\n"), let part = try await parts.next() {
          text += String(buffer: part)
        }
        #expect(text.hasSuffix("\r\n:\n\n\r\n"))
        async let stopped: Void = api.server.stop()
        while try await parts.next() != nil {}
        await stopped
      }
    }
  }
}
