// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import MapperEngine
@testable import MapperHost

@Suite struct BindingPlanTests {
  private static let deviceSchema = """
    {"type":"object","additionalProperties":false,"required":["ip"],"properties":{
      "ip":{"type":"string"},"port":{"type":"integer","minimum":1,"maximum":65535,"default":502},
      "Zone":{"type":"number"},"é":{"type":"string"},"list":{"type":"array"},"token":{"type":"integer","x-secret":true}}}
    """
  private static let pointSchema = """
    {"type":"object","properties":{"offset":{"type":"integer","minimum":0},"scale":{"type":"number"}}}
    """

  private func driver(device: String? = Self.deviceSchema, point: String? = Self.pointSchema) -> LoadedDriver
  {
    LoadedDriver(
      LibraryReport.Driver(id: "modbus", title: "", deviceSchema: device, pointSchema: point, extensions: []))
  }

  private func device(_ settings: JSON.Members, _ properties: [PropertyDescription] = []) throws
    -> DeviceDescription
  {
    DeviceDescription(
      name: try #require(DeviceName(namespace: "default", name: "pump-1")), model: "pump",
      protocolName: "modbus",
      settings: settings, properties: properties)
  }

  private func refusal(_ settings: JSON.Members, _ driver: LoadedDriver? = nil) throws -> String? {
    let device = try device(settings)
    do throws(BindingPlan.Refusal) {
      _ = try BindingPlan(device, driver: driver ?? self.driver())
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `settings are filled in, typed and sorted by bytes`() throws {
    let plan = try BindingPlan(
      try device(["list": [1, "a"], "ip": "10.0.0.7", "é": "x", "Zone": 2.0, "token": "7"]), driver: driver())
    #expect(
      plan.binding.settings == [
        Setting(key: "Zone", value: .int(2)), Setting(key: "ip", value: .text("10.0.0.7")),
        Setting(key: "list", value: .json(#"[1,"a"]"#)), Setting(key: "port", value: .int(502)),
        Setting(key: "token", value: .int(7)), Setting(key: "é", value: .text("x")),
      ])
  }

  @Test func `of a repeated key the last one counts, and null counts as absent`() throws {
    var settings: JSON.Members = ["ip": "1.1.1.1", "port": nil]
    settings.append("ip", "2.2.2.2")
    let plan = try BindingPlan(try device(settings), driver: driver())
    #expect(
      plan.binding.settings == [
        Setting(key: "ip", value: .text("2.2.2.2")), Setting(key: "port", value: .int(502)),
      ])
  }

  @Test func `all problems are named at once`() throws {
    let text = try #require(try refusal(["port": 70_000, "callTimeoutMs": 0]))
    #expect(text.contains("protocol.configData.ip"))
    #expect(text.contains("protocol.configData.port: 70000: expected"))
    #expect(text.contains("protocol.configData.callTimeoutMs: 0: expected a whole number from 1 to 600000"))
  }

  @Test func `problems of a point name its property`() throws {
    let property = PropertyDescription(name: "speed", type: .int, visitor: ["offset": -1])
    let error = try #require(throws: BindingPlan.Refusal.self) {
      try BindingPlan(try device(["ip": "1.1.1.1"], [property]), driver: driver())
    }
    #expect(error.description.hasPrefix("speed.visitors.configData.offset: -1: expected"))
  }

  @Test func `secrets are not shown`() throws {
    let text = try #require(try refusal(["ip": "1.1.1.1", "token": "hunter2"]))
    #expect(!text.contains("hunter2"))
  }

  @Test func `a text with a NUL would be cut by the driver`() throws {
    let text = try #require(try refusal(["ip": "1.1.1.1\u{0}2"]))
    #expect(text.contains("U+0000"))
  }

  @Test func `the host's own keys are taken out and have defaults`() throws {
    let plain = try BindingPlan(try device(["ip": "1"]), driver: driver()).binding
    #expect(plain.callTimeoutMilliseconds == 1000)
    #expect(plain.openTimeoutMilliseconds == 5000)
    #expect(plain.backoffMilliseconds == 1000...30_000)
    let set = try BindingPlan(
      try device([
        "ip": "1", "callTimeoutMs": 250, "openTimeoutMs": "300", "backoffMinMs": 40_000,
      ]), driver: driver()
    ).binding
    #expect(set.callTimeoutMilliseconds == 250)
    #expect(set.openTimeoutMilliseconds == 300)
    #expect(set.backoffMilliseconds == 40_000...40_000)
    #expect(set.settings.map(\.key) == ["ip", "port"])
    #expect(
      try refusal(["ip": "1", "backoffMinMs": 500, "backoffMaxMs": 100])
        == "protocol.configData.backoffMaxMs: 100: expected at least backoffMinMs, which is 500")
    #expect(try refusal(["ip": "1", "callTimeoutMs": 1.5])?.contains("callTimeoutMs: 1.5") == true)
  }

  @Test func `only properties with a visitor become points`() throws {
    let plan = try BindingPlan(
      try device(
        ["ip": "1"],
        [
          PropertyDescription(name: "note", type: .string),
          PropertyDescription(
            name: "speed", type: .int, isWritable: true, visitor: [:], collectCycleMilliseconds: 50),
          PropertyDescription(name: "label", type: .string),
          PropertyDescription(name: "level", type: .float, visitor: ["offset": 3]),
        ]), driver: driver())
    #expect(plan.binding.points.map(\.name) == ["speed", "level"])
    #expect(plan.binding.points.map(\.cycleMilliseconds) == [50, 1000])
    #expect(plan.points.mapping.map(\.property) == [1, 3])
    #expect(plan.points.mapping.map(\.type) == [.int, .float])
    #expect(plan.points.pointOfProperty == [nil, 0, nil, 1])
  }

  @Test func `a driver without a schema takes no settings`() throws {
    #expect(
      try refusal(["ip": "1"], driver(device: nil))
        == "protocol.configData.ip: expected no settings: the driver takes none")
    #expect(try refusal(["callTimeoutMs": 5], driver(device: nil)) == nil)
  }

  @Test func `a driver whose schema is wrong drives nothing, and the reason is told`() throws {
    #expect(
      try refusal([:], driver(point: "{"))?.hasPrefix("the driver's point schema is wrong: not JSON") == true)
  }

  @Test func `what only the twin looks at needs no rebinding`() throws {
    var first = try device(["ip": "1"], [PropertyDescription(name: "speed", type: .int, visitor: [:])])
    let plan = try BindingPlan(first, driver: driver())
    first.labels = ["a": "b"]
    first.properties[0].desired = "5"
    first.properties[0].reportCycleMilliseconds = 7
    #expect(try BindingPlan(first, driver: driver()) == plan)
    first.properties[0].collectCycleMilliseconds = 7
    #expect(try BindingPlan(first, driver: driver()) != plan)
  }
}
