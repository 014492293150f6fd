// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Synchronization
import Testing

@testable import TwinAPI

@Suite struct DiscoveryRouteTests {
  static let found = FoundDevice(
    driver: "modbus", confidence: 90, name: "meter", title: "ACME meter 7", settings: ["unit": 3],
    properties: [
      .init(name: "power", summary: "active power", type: .float, unit: "W", settings: ["register": 1])
    ])

  static func request(_ path: String, _ body: String = "") -> String {
    let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
    return "POST \(path) HTTP/1.1\r\nHost: a\r\n\(length)\r\n\(body)"
  }

  @Test func `streams what a scan finds, how far it is, and how it ended`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        try await connection.send(
          Self.request("/v1/drivers/modbus/scan?timeout=2m&namespace=plant", #"{"unitFrom":1}"#))
        let head = try await connection.head()
        #expect(head.status == 200)
        #expect(head.headers["content-type"] == "text/event-stream")
        api.discovery.send(.progress(done: 1, total: 10, text: "unit 1"))
        let progress = try await connection.event()
        #expect(progress.name == "progress")
        #expect(progress.data == #"{"done":1,"total":10,"text":"unit 1"}"#)
        api.discovery.send(.found(Self.found))
        let found = try await connection.event()
        #expect(found.name == "found")
        let json = try JSON.parse(found.data)
        #expect(json["confidence"] == 90)
        #expect(json["namespace"] == "plant")
        #expect(json["name"] == "meter")
        #expect(json["exists"] == false)
        #expect(json["title"] == "ACME meter 7")
        #expect(json["settings"] == ["unit": 3])
        #expect(
          json["properties"] == [
            [
              "name": "power", "summary": "active power", "type": "float", "access": "readOnly", "unit": "W",
              "settings": ["register": 1],
            ]
          ])
        #expect(json["manifest"]?["items"]?.array?.count == 2)
        api.discovery.send(.ended(.timeout, text: "7 units left"))
        let end = try await connection.event()
        #expect(end.name == "end")
        #expect(
          end.data == #"{"status":"timeout","text":"7 units left","counts":{"found":1,"dropped":0}}"#)
        // The last chunk: the stream was finished, not cut.
        _ = try await connection.read(through: "0\r\n\r\n")
        let request = try #require(api.discovery.state.withLock { $0.requests.first })
        #expect(request.timeout == .seconds(120))
        #expect(request.options == ["unitFrom": 1])
      }
    }
  }

  @Test func `describes a device under its own name`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("/v1/devices/default/pump-1/describe"))
        _ = try await connection.head()
        api.discovery.send(.found(Self.found), .ended(.ok, text: ""))
        let json = try JSON.parse(try await connection.event().data)
        #expect(json["name"] == "pump-1")
        #expect(json["exists"] == true)
        let device = json["manifest"]?["items"]?.array?.last
        #expect(device?["metadata"] == ["name": "pump-1", "namespace": "default"])
        #expect(try await connection.event().name == "end")
      }
    }
  }

  @Test(arguments: [
    (DiscoveryError.busy, 503, "busy"), (.notRunning("it restarts"), 503, "mapper-not-running"),
    (.cannotScan(driver: "modbus"), 409, "cannot-scan"),
    (.invalidOptions(["options.unitFrom: 300: expected at most 247"]), 400, "invalid-options"),
  ])
  func `tells why a scan could not begin`(error: DiscoveryError, status: Int, name: String) async throws {
    try await TestAPI.running { api in
      api.discovery.state.withLock { $0.error = error }
      let answer = try await api.ask("POST", "/v1/drivers/modbus/scan")
      #expect(answer.status == status)
      #expect(answer.problem == name)
      #expect((answer.headers["retry-after"] != nil) == (status == 503))
    }
  }

  @Test func `names what is not there, and refuses what cannot be meant so`() async throws {
    try await TestAPI.running { api in
      let driver = try await api.ask("POST", "/v1/drivers/opcua/scan")
      #expect(driver.status == 404)
      #expect(driver.problem == "driver-not-found")
      #expect(driver.json["available"] == ["modbus"])
      api.twins.add(.test("default/phone"))
      #expect(try await api.ask("POST", "/v1/devices/default/phone/describe").problem == "not-driven")
      #expect(try await api.ask("POST", "/v1/devices/default/none/describe").problem == "device-not-found")
      for path in ["?timeout=2h", "?namespace=A", "?name=x"] {
        #expect(try await api.ask("POST", "/v1/drivers/modbus/scan" + path).problem == "invalid-query")
      }
      #expect(try await api.ask("POST", "/v1/drivers/modbus/scan", tcp: true).problem == "read-only")
      #expect(api.discovery.state.withLock { $0.requests.isEmpty })
    }
  }

  @Test func `cancels the scan of a client that hangs up`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("/v1/drivers/modbus/scan"))
        _ = try await connection.head()
      }
      try await eventually { api.discovery.state.withLock { $0.cancelled == 1 } }
    }
  }

  @Test func `ends its streams when the agent stops`() async throws {
    let api = TestAPI()
    try await api.server.start()
    let rest = try await api.connect().withConnection { connection in
      try await connection.send(Self.request("/v1/drivers/modbus/scan"))
      _ = try await connection.head()
      async let stopped: Void = api.stop()
      let rest = try await connection.readToEnd()
      await stopped
      return rest
    }
    #expect(rest.contains(#"event: end"#))
    #expect(rest.hasSuffix("0\r\n\r\n"))
  }

  @Test func `sends a comment in silence`() async throws {
    try await TestAPI.running(TestAPI(heartbeat: .milliseconds(20))) { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.request("/v1/drivers/modbus/scan"))
        _ = try await connection.head()
        _ = try await connection.read(through: ":\n\n")
        _ = try await connection.read(through: ":\n\n")
      }
    }
  }
}
