// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

/// Streams that come back, choose, share and lag.
@Suite struct StreamTests {
  private static let device = DeviceName.test("default/pump-1")

  private static func request(_ query: String = "", after id: String? = nil) -> String {
    "GET /v1/watch\(query) HTTP/1.1\r\nHost: a\r\n" + (id.map { "Last-Event-ID: \($0)\r\n" } ?? "") + "\r\n"
  }

  /// The next event with its id.
  private static func event(_ connection: inout RawClient.Conversation) async throws -> (
    name: String, id: String, data: JSON
  ) {
    while true {
      let block = try await connection.read(through: "\n\n")
      guard let start = block.ranges(of: "event: ").first else { continue }
      let lines = block[start.lowerBound...].split(separator: "\n")
      return (
        String(lines[0].dropFirst(7)), String(lines[1].dropFirst(4)),
        try JSON.parse(String(lines[2].dropFirst(6)))
      )
    }
  }

  private static func names(_ data: JSON) -> [String] { data["properties"]?.object?.map(\.name) ?? [] }

  @Test func `goes on after the last event that was seen`() async throws {
    try await TestAPI.running { api in
      api.twins.add(.test("default/pump-2"))
      api.twins.add(.test("default/pump-3"))
      let id = try await api.connect().withConnection { connection in
        try await connection.send(Self.request())
        _ = try await connection.head()
        var id = ""
        for _ in 0..<3 { id = try await Self.event(&connection).id }
        return id
      }
      #expect(id == "7-\(api.twins.position)")
      api.twins.report(.int(33), "setpoint", of: .test("default/pump-2"))
      api.twins.remove(.test("default/pump-3"))
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("", after: id))
        let removed = try await Self.event(&connection)
        #expect(removed.name == "removed")
        #expect(removed.data["name"] == "pump-3")
        let changed = try await Self.event(&connection)
        #expect(changed.data["name"] == "pump-2")
        #expect(changed.data["complete"] == nil)
        #expect(Self.names(changed.data) == ["setpoint"])
        #expect(changed.id == "7-\(api.twins.position)")
      }
    }
  }

  @Test func `an interrupted beginning begins again`() async throws {
    try await TestAPI.running { api in
      api.twins.add(.test("default/pump-2"))
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("?after=7-0"))
        let first = try await Self.event(&connection)
        #expect(first.id == "7-0")
        #expect(first.data["complete"] == true)
        #expect(try await Self.event(&connection).id == "7-\(api.twins.position)")
      }
    }
  }

  @Test(arguments: ["6-105", "7-999999"])
  func `a position that means nothing here is a reset`(id: String) async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("", after: id))
        #expect(try await Self.event(&connection).name == "reset")
        let device = try await Self.event(&connection)
        #expect(device.name == "device")
        #expect(device.data["complete"] == true)
      }
    }
  }

  @Test func `refuses a position that is none`() async throws {
    try await TestAPI.running { api in
      let position = try await api.ask("GET", "/v1/watch?after=x")
      #expect(position.problem == "invalid-query")
      let condition = try await api.ask("GET", "/v1/watch?where=x")
      #expect(condition.json["column"] == 1)
    }
  }

  @Test func `devices enter and leave a condition`() async throws {
    try await TestAPI.running { api in
      api.twins.add(.test("default/pump-2"))
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("?where=setpoint.reported+%3E+50&property=setpoint"))
        _ = try await connection.read(through: "retry: 2000\n\n")
        api.twins.report(.int(60), "setpoint", of: Self.device)
        let entered = try await Self.event(&connection)
        #expect(entered.data["complete"] == true)
        #expect(entered.data["name"] == "pump-1")
        api.twins.report(.int(70), "setpoint", of: Self.device)
        let changed = try await Self.event(&connection)
        #expect(changed.data["properties"]?["setpoint"]?["reported"]?["value"] == 70)
        api.twins.report(.int(5), "setpoint", of: Self.device)
        #expect(try await Self.event(&connection).name == "removed")
        // One that was never in is not told gone.
        api.twins.remove(.test("default/pump-2"))
        api.twins.report(.int(90), "setpoint", of: Self.device)
        #expect(try await Self.event(&connection).data["name"] == "pump-1")
      }
    }
  }

  /// A reader that does not read, beside one that does: the first gets the last value and how much it missed.
  @Test func `a slow reader is told how many changes were left out, and holds up nobody`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { slow in
        try await slow.send(Self.request())
        _ = try await Self.event(&slow)
        try await api.connect().withConnection { quick in
          try await quick.send(Self.request())
          _ = try await Self.event(&quick)
          var large = DeviceSnapshot.test("default/pump-1")
          large.model = String(repeating: "m", count: 100_000)
          for round in 1...100 {
            large.change += 1
            large.properties[0].change = large.change
            large.properties[0].reported?.value = .int(Int64(round))
            api.twins.add(large)
            // It keeps up, or is told what it missed: every round ends up in it.
            var seen: Int64 = 0
            while seen < round {
              let event = try await Self.event(&quick)
              seen = event.data["properties"]?["setpoint"]?["reported"]?["value"]?.int ?? 0
            }
          }
        }
        var value: Int64 = 0
        var told = 0
        var left: Int64 = 0
        while value < 100 {
          let event = try await Self.event(&slow)
          value = event.data["properties"]?["setpoint"]?["reported"]?["value"]?.int ?? 0
          left += event.data["coalesced"]?.int ?? 0
          told += 1
        }
        #expect(told < 80)
        #expect(Int64(told) + left == 100)
      }
    }
  }

  /// As many as one agent serves: each sees every value that is the last of its device.
  @Test func `many readers of one device share its events`() async throws {
    let count = 200
    try await TestAPI.running(TestAPI(watchLimit: count)) { api in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<count {
          group.addTask {
            try await api.connect().withConnection { connection in
              try await connection.send(Self.request("?device=default/pump-1"))
              var values: [Int64] = []
              while values.last != 99 {
                let event = try await Self.event(&connection)
                values.append(event.data["properties"]?["setpoint"]?["reported"]?["value"]?.int ?? -1)
              }
              return values == values.sorted()
            }
          }
        }
        group.addTask {
          try await eventually { api.server.openWatches == count }
          for value in 90...99 {
            api.twins.report(.int(Int64(value)), "setpoint", of: Self.device)
            await Task.yield()
          }
          return true
        }
        for try await isRight in group { #expect(isRight) }
      }
      #expect(try await api.ask("GET", "/v1/devices").status == 200)
    }
  }
}
