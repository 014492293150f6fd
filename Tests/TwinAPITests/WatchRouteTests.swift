// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

@Suite struct WatchRouteTests {
  static let device = DeviceName.test("default/pump-1")

  static func request(_ query: String = "") -> String { "GET /v1/watch\(query) HTTP/1.1\r\nHost: a\r\n\r\n" }

  @Test func `begins with every device and goes on with what changed`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request())
        let head = try await connection.head()
        #expect(head.status == 200)
        #expect(head.headers["content-type"] == "text/event-stream")
        #expect(try await connection.read(through: "\n\n").hasSuffix("retry: 2000\n\n"))
        let first = try await connection.event()
        #expect(first.name == "device")
        #expect(try JSON.parse(first.data)["properties"]?.object?.map(\.name) == ["setpoint", "temperature"])

        api.twins.report(.int(25), "setpoint", of: Self.device)
        let second = try JSON.parse(try await connection.event().data)
        #expect(second["properties"]?.object?.map(\.name) == ["setpoint"])
        #expect(second["properties"]?["setpoint"]?["reported"]?["value"] == 25)
        #expect(second["inSync"] == nil)

        api.twins.remove(Self.device)
        let third = try await connection.event()
        #expect(third.name == "removed")
        #expect(third.data == #"{"namespace":"default","name":"pump-1"}"#)
      }
    }
  }

  @Test func `filters by device, namespace and property`() async throws {
    try await TestAPI.running { api in
      api.twins.add(.test("plant/a"))
      api.twins.add(.test("plant/b"))
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("?device=plant/b&property=temperature"))
        _ = try await connection.head()
        let event = try JSON.parse(try await connection.event().data)
        #expect(event["name"] == "b")
        #expect(event["properties"]?.object?.map(\.name) == ["temperature"])
        api.twins.report(.int(1), "setpoint", of: .test("plant/b"))
        api.twins.report(.float(2), "temperature", of: .test("plant/b"))
        let next = try JSON.parse(try await connection.event().data)
        #expect(next["properties"]?.object?.map(\.name) == ["temperature"])
      }
      #expect(try await api.ask("GET", "/v1/watch?device=b").problem == "invalid-query")
      #expect(try await api.ask("GET", "/v1/watch?devise=plant/b").problem == "invalid-query")
    }
  }

  @Test func `sends a comment in silence`() async throws {
    try await TestAPI.running(TestAPI(heartbeat: .milliseconds(20))) { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("?namespace=nowhere"))
        _ = try await connection.head()
        _ = try await connection.read(through: "retry: 2000\n\n")
        // The position moves on in silence too.
        _ = try await connection.read(through: ":\nid: 7-101\n\n")
        _ = try await connection.read(through: ":\nid: 7-101\n\n")
      }
    }
  }

  @Test func `ends its watch when the reader goes away`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request())
        _ = try await connection.event()
        #expect(api.twins.followerCount == 1)
      }
      try await eventually { api.twins.followerCount == 0 }
    }
  }

  /// 40 MB of changes for a reader that reads nothing: the connection takes a few hundred kilobytes, then
  /// the stream waits, and the reader gets the last value without most of those between.
  @Test func `gives a slow reader the latest values only`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request())
        _ = try await connection.event()
        var large = DeviceSnapshot.test("default/pump-1")
        for round in 1...400 {
          large.change += 1
          large.properties[0].change = large.change
          large.properties[0].reported?.value = .int(Int64(round))
          large.model = String(repeating: "m", count: 100_000)
          api.twins.add(large)
          await Task.yield()
        }
        var events = 0
        var last: Int64 = 0
        while last < 400 {
          let event = try JSON.parse(try await connection.event().data)
          let value = try #require(event["properties"]?["setpoint"]?["reported"]?["value"]?.int)
          #expect(value > last)
          last = value
          events += 1
        }
        #expect(events < 200)
      }
    }
  }

  @Test func `ends its streams when the agent stops, and keeps nobody waiting`() async throws {
    let api = TestAPI()
    try await api.server.start()
    let rest = try await api.connect().withConnection { connection in
      try await connection.send(Self.request())
      _ = try await connection.event()
      async let stopped: Void = api.stop()
      let rest = try await connection.readToEnd()
      await stopped
      return rest
    }
    // The last chunk: the stream was finished, not cut.
    #expect(rest.hasSuffix("0\r\n\r\n"))
  }
}
