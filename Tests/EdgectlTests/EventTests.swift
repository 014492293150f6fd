// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import JSON
import Testing

@testable import edgectl

@Suite struct EventTests {
  static func event(_ id: Int64, time: String = "2026-11-24T09:30:00.000Z") -> JSON {
    [
      "id": .int(id), "time": .string(time), "kind": "change", "level": "info",
      "device": "plant/pump-1",
      "property": "setpoint", "caller": ["name": "root", "source": "unix socket"], "action": "set",
      "text": .string("event \(id)"),
    ]
  }

  @Test func `lists the newest last, over pages`() async throws {
    let agent = try FakeAgent { request in
      if request.query.contains("before=3") {
        return .json(["items": [Self.event(2), Self.event(1)]])
      }
      return .json(["items": [Self.event(4), Self.event(3)], "continue": "3"])
    }
    let result = try await Tool.edgectl([
      "events", "--kind", "change", "--socket", agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    try #require(lines.count == 5, "\(result.output)")
    #expect(lines[0].hasPrefix("TIME "))
    #expect(lines[1].hasSuffix("event 1") && lines[4].hasSuffix("event 4"))
    #expect(
      lines[1].contains("info") && lines[1].contains("plant/pump-1 setpoint  root"), "\(lines[1])")
    #expect(agent.requests.allSatisfy { $0.query.contains("kind=change") })
  }

  @Test func `stops at what is too old`() async throws {
    let agent = try FakeAgent { request in
      request.query.contains { $0.hasPrefix("before") }
        ? nil
        : .json([
          "items": [Self.event(4, time: "2999-01-01T00:00:00.000Z"), Self.event(3)],
          "continue": "3",
        ])
    }
    let result = try await Tool.edgectl([
      "events", "--since", "1h", "-o", "json", "--socket", agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.split(separator: "\n").count == 1)
    #expect(try JSON.parse(result.output)["id"] == 4)
    #expect(agent.requests.count == 1)
  }

  @Test func `goes on behind the newest, and says what was missed`() async throws {
    let agent = try FakeAgent { request in
      if request.line == "GET /v1/events" { return .json(["items": [Self.event(7)]]) }
      return .events(
        "event: event\nid: 8\ndata: \(Self.event(8).text)\n\nevent: missed\ndata: {\"count\":5}\n\n"
          + "event: other\ndata: {}\n\n")
    }
    let result = try await Tool.edgectl(
      [
        "events", "--follow", "--limit", "0", "--device", "plant/pump-1", "--socket",
        agent.socketPath,
      ])
    // The stream of this agent ends, which a real one's does when it stops.
    #expect(result.status == 4, "\(result.errors)")
    #expect(
      result.output.contains("event 8\n") && !result.output.contains("event 7"), "\(result.output)")
    #expect(result.errors.contains("5 events were not seen"))
    let stream = agent.requests.last
    #expect(stream?.line == "GET /v1/events/stream")
    #expect(stream?.headers["last-event-id"] == "7")
    #expect(stream?.query == ["device=plant/pump-1"])
  }

  @Test func `says what stood in the way once`() {
    #expect(
      EventTable.text(of: ["text": "a is offline", "problem": "no answer"])
        == "a is offline: no answer")
    #expect(EventTable.text(of: ["text": "no answer", "problem": "no answer"]) == "no answer")
    #expect(EventTable.text(of: ["text": "", "problem": "denied"]) == "denied")
  }

  @Test(arguments: [
    ["events", "--kind", "chang"], ["events", "--level", "fatal"], ["events", "--since", "soon"],
    ["events", "--limit", "-1"], ["events", "--device", "A"],
  ])
  func `refuses what cannot be meant`(arguments: [String]) {
    #expect(throws: (any Error).self) { try Edgectl.parseAsRoot(arguments) }
  }
}
