// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import JSON
import Synchronization
import Testing

@testable import edgectl

@Suite struct SetManyTests {
  static func twin(_ state: String, version: Int64 = 4, value: JSON = 22) -> JSON {
    [
      "properties": [
        "setpoint": [
          "inSync": true,
          "desired": ["value": value, "state": .string(state), "version": .int(version)],
        ]
      ]
    ]
  }

  @Test func `sets one device with a condition`() async throws {
    let agent = try FakeAgent { _ in .json(Self.twin("pending")) }
    let result = try await Tool.edgectl([
      "twin", "set", "plant/a", "setpoint=22", "mode-", "--if-reported", "setpoint=21", "--socket",
      agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(agent.requests.first?.line == "PATCH /v1/devices/plant/a")
    #expect(
      agent.requests.first?.body
        == #"{"properties":{"setpoint":{"desired":{"value":"22","ifReported":"21"}},"mode":{"desired":null}}}"#
    )
  }

  @Test func `says with its status that the device reports something else`() async throws {
    let agent = try FakeAgent { _ in .problem(412, "reported-differs", "setpoint is 20") }
    let result = try await Tool.edgectl([
      "twin", "set", "a", "setpoint=22", "--if-reported", "setpoint=21", "--socket",
      agent.socketPath,
    ])
    #expect(result.status == 5, "\(result.errors)")
  }

  @Test func `sets several devices in one request`() async throws {
    let agent = try FakeAgent { _ in
      .json([
        "results": [
          ["device": "default/a", "desiredVersion": 4], ["device": "plant/b", "desiredVersion": 9],
        ]
      ])
    }
    let result = try await Tool.edgectl([
      "twin", "set", "a", "plant/b", "setpoint=22", "--socket", agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == "default/a: setpoint=22 is desired\nplant/b: setpoint=22 is desired\n")
    #expect(agent.requests.map(\.line) == ["POST /v1/batch"])
    #expect(
      agent.requests.first?.body
        == #"{"mode":"all","desired":[{"device":"default/a","properties":{"setpoint":"22"}},"#
        + #"{"device":"plant/b","properties":{"setpoint":"22"}}]}"#)
  }

  @Test func `chooses devices, waits for each, and counts those that failed`() async throws {
    let asked = Mutex(0)
    let agent = try FakeAgent { request in
      switch request.line {
      case "GET /v1/devices":
        return .json([
          "items": [
            ["namespace": "plant", "name": "a"], ["namespace": "plant", "name": "b"],
            ["namespace": "plant", "name": "c"],
          ]
        ])
      case "POST /v1/batch":
        return .json([
          "results": [
            ["device": "plant/a", "desiredVersion": 4], ["device": "plant/b", "desiredVersion": 4],
            [
              "device": "plant/c",
              "problem": [
                "type": "urn:selvedge:problem:read-only-property", "title": "t", "status": 422,
                "detail": "it only reads",
              ],
            ],
          ]
        ])
      case "GET /v1/devices/plant/a":
        let count = asked.withLock { count in
          count += 1
          return count
        }
        return .json(Self.twin(count < 3 ? "pending" : "applied"))
      case "GET /v1/devices/plant/b": return .json(Self.twin("failed"))
      default: return nil
      }
    }
    let result = try await Tool.edgectl([
      "twin", "set", "-l", "line=1", "--where", "t > 80", "-A", "setpoint=22", "--each", "--wait",
      "--timeout", "60s",
      "--socket", agent.socketPath,
    ])
    #expect(result.status == 1)
    #expect(
      result.output == "plant/b setpoint: 22 failed\nplant/a setpoint: 22 applied\n",
      "\(result.output)")
    #expect(result.errors.contains("plant/c: it only reads"), "\(result.errors)")
    #expect(result.errors.contains("2 of 3 devices"), "\(result.errors)")
    #expect(agent.requests.first?.query == ["labelSelector=line=1", "where=t > 80"])
    #expect(agent.requests.first { $0.line == "POST /v1/batch" }?.json["mode"] == "each")
  }

  @Test func `knows what became of the values`() throws {
    let assignments = [
      try #require(Assignment(argument: "setpoint=22")),
      try #require(Assignment(argument: "mode-")),
    ]
    func fate(_ twin: JSON) -> TwinUpdate.Fate {
      TwinUpdate.fate(of: assignments, version: 4, twin: twin)
    }
    #expect(fate(Self.twin("pending")) == .pending)
    #expect(fate(Self.twin("applied")) == .settled(isGood: true))
    #expect(fate(Self.twin("failed")) == .settled(isGood: false))
    #expect(fate(Self.twin("applied", version: 5)) == .replaced)
    #expect(fate(["properties": [:]]) == .replaced)
  }

  @Test(arguments: [
    ["twin", "set", "a", "b"], ["twin", "set", "a=1"], ["twin", "set", "a", "b=1", "c"],
    ["twin", "set", "a", "b=1", "b=2"],
    ["twin", "set", "a", "x=1", "-l", "y"], ["twin", "set", "a", "b", "x=1", "--if-version", "3"],
    ["twin", "set", "a", "x=1", "--if-reported", "y=1"],
    ["twin", "set", "a", "x-", "--if-reported", "x=1"],
    ["twin", "set", "a", "x=1", "-A"], ["twin", "set", "A", "x=1"],
    ["get", "devices", "a", "--where", "x > 1"], ["get", "devices", "--watch", "--sort", "-x"],
  ])
  func `refuses what cannot be meant`(arguments: [String]) {
    #expect(throws: (any Error).self) { try Edgectl.parseAsRoot(arguments) }
  }

  @Test func `asks for filtered and sorted devices`() async throws {
    let agent = try FakeAgent { _ in .json(["items": []]) }
    let result = try await Tool.edgectl([
      "get", "devices", "-A", "--where", "temperature > 80", "--sort", "-temperature,name",
      "--socket", agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(agent.requests.first?.query == ["where=temperature > 80", "sort=-temperature,name"])
  }
}
