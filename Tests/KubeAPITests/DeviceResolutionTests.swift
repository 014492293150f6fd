// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import KubeAPI
import Testing

@Suite struct DeviceResolutionTests {
  private func resolve(_ spec: String, metadata: String = "{name: d, namespace: plant}", model: String? = nil)
    throws
    -> DeviceResolution
  {
    let model =
      model ?? """
        protocol: modbus
        protocolConfigData: {baudRate: 9600, timeout: 5}
        properties:
        - {name: temp, type: FLOAT, accessMode: ReadWrite, minimum: "-40", maximum: "120.5", unit: C, description: room,
           visitors: {protocolName: modbus, configData: {register: HoldingRegister, offset: 2, scale: 1}}}
        - {name: count, type: INT, accessMode: ReadOnly}
        - {name: label, type: STRING, accessMode: ReadWrite}
        - {name: spare, type: BOOLEAN, visitors: {configData: {offset: 9}}}
        """
    let text = """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata: {name: m, namespace: plant}
      spec:
      \(model.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      ---
      apiVersion: devices.kubeedge.io/v1beta1
      kind: Device
      metadata: \(metadata)
      spec:
        deviceModelRef: {name: m}
      \(spec.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      """
    let manifest = Manifest(Array(text.utf8), file: "f.yaml")
    #expect(manifest.problems.map(\.description) == [])
    guard case .model(let model)? = manifest.entries.first?.object,
      case .device(let device)? = manifest.entries.last?.object
    else { throw Unreadable() }
    return DeviceResolution(device, model: model, file: "f.yaml")
  }

  private struct Unreadable: Error {}

  @Test func `puts the model's settings under the device's, sorted, and properties in the model's order`()
    throws
  {
    let resolution = try resolve(
      """
      protocol: {protocolName: modbus, configData: {slaveID: 1, baudRate: 19200}}
      properties:
      - {name: spare}
      - name: temp
        visitors: {configData: {scale: 0.1, limit: 2}}
        collectCycle: 100
        reportCycle: 500
        reportToCloud: true
        desired: {value: "21.5", metadata: {ttl: 1m, verify: "true"}}
      """,
      metadata:
        "{name: d, namespace: plant, labels: {line: a}, annotations: {selvedge.dev/telemetry: compact}}")
    let name = try #require(DeviceName(namespace: "plant", name: "d"))
    #expect(
      resolution.description
        == DeviceDescription(
          name: name, model: "m", labels: ["line": "a"], protocolName: "modbus",
          settings: ["baudRate": 19200, "slaveID": 1, "timeout": 5],
          properties: [
            PropertyDescription(
              name: "temp", type: .float, isWritable: true, minimum: -40, maximum: 120.5, unit: "C",
              summary: "room",
              visitor: ["limit": 2, "offset": 2, "register": "HoldingRegister", "scale": 0.1],
              collectCycleMilliseconds: 100, reportCycleMilliseconds: 500, reportToCloud: true,
              desired: "21.5",
              desiredTimeToLiveMilliseconds: 60_000, verify: true),
            PropertyDescription(name: "spare", type: .boolean, visitor: ["offset": 9], reportToCloud: false),
          ],
          telemetry: .compact, origin: "f.yaml"))
  }

  @Test func `leaves out what the device does not list, and what no driver can find`() throws {
    let mapped = try resolve(
      "protocol: {protocolName: modbus}\nproperties: [{name: count}, {name: label, visitors: {}}]")
    #expect(mapped.description?.properties.map(\.name) == ["count", "label"])
    #expect(mapped.description?.properties.map(\.visitor) == [nil, [:]])
    let spoken = try resolve("properties: [{name: temp, visitors: {configData: {a: 1}}}]")
    #expect(spoken.description?.protocolName == nil)
    #expect(spoken.description?.properties.map(\.visitor) == [nil])
    let none = try resolve("protocol: {protocolName: modbus}")
    #expect(none.description?.properties.isEmpty == true)
  }

  @Test func `takes an empty desired value for none, except for a text that can be set`() throws {
    let resolution = try resolve(
      "properties: [{name: temp, desired: {value: \"\"}}, {name: count, desired: {value: \"\"}}, {name: label, desired: {value: \"\"}}]"
    )
    #expect(resolution.description?.properties.map(\.desired) == [nil, nil, ""])
  }

  @Test func `reads KubeEdge's zero cycles as the defaults`() throws {
    let resolution = try resolve("properties: [{name: temp, collectCycle: 0, reportCycle: 0}]")
    #expect(resolution.description?.properties.map(\.collectCycleMilliseconds) == [1000])
    #expect(resolution.description?.properties.map(\.reportCycleMilliseconds) == [1000])
  }

  @Test func `names everything that does not fit the model`() throws {
    let resolution = try resolve(
      """
      properties:
      - {name: humidity}
      - {name: temp, desired: {value: warm}}
      - {name: count, desired: {value: "3"}}
      - {name: label}
      """)
    #expect(resolution.description == nil)
    #expect(
      resolution.problems.map(\.description) == [
        "f.yaml:20: spec.properties[0].name: humidity: expected a property of DeviceModel m: temp, count, label, spare",
        "f.yaml:21: spec.properties[1].desired.value: warm: expected a value of type FLOAT",
        "f.yaml:22: spec.properties[2].desired.value: 3: expected no desired value: count is not ReadWrite in the model",
      ])
  }

  @Test(arguments: [("-40.5", "at least -40"), ("121", "at most 120.5")])
  func `checks the range of desired values`(value: String, expected: String) throws {
    let resolution = try resolve("properties: [{name: temp, desired: {value: \"\(value)\"}}]")
    #expect(
      resolution.problems.map(\.description) == [
        "f.yaml:19: spec.properties[0].desired.value: \(value): expected \(expected)"
      ])
  }
}
