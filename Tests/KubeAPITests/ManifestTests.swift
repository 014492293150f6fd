// SPDX-License-Identifier: Apache-2.0
import Config
import DeviceAPI
import JSON
import KubeAPI
import Testing

@Suite struct ManifestTests {
  static let model = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: thermo-model, namespace: default}
    spec:
      protocol: modbus
      protocolConfigData: {baudRate: 9600}
      properties:
      - name: temperature
        description: room temperature
        type: INT
        accessMode: ReadWrite
        minimum: "-40"
        maximum: "120"
        unit: celsius
        visitors:
          protocolName: modbus
          configData: {register: HoldingRegister, offset: 2, limit: 1, scale: 1}
      - {name: enabled, type: boolean, accessMode: readonly}

    """

  static let device = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: thermo-1, namespace: default, labels: {description: hall-sensor}}
    spec:
      deviceModelRef: {name: thermo-model}
      nodeName: edge-1
      protocol:
        protocolName: modbus
        configData: {serialPort: /dev/ttyS0, slaveID: 1}
      stateReport: {reportToCloud: true, reportCycle: 10000}
      methods:
      - {name: setTemperature, description: write the set point, propertyNames: [temperature]}
      properties:
      - name: temperature
        desired: {value: "22", metadata: {type: int}}
        visitors:
          protocolName: modbus
          configData: {register: HoldingRegister, offset: 2, limit: 1}
        collectCycle: 1000
        reportCycle: 5000
        reportToCloud: true
        pushMethod:
          mqtt: {address: "tcp://127.0.0.1:1883", topic: plant/temp, qos: 0, retained: false}

    """

  private func problems(_ text: String) -> [String] {
    Manifest(Array(text.utf8), file: "m.yaml").problems.map(\.description)
  }

  @Test func `reads KubeEdge's own examples and writes them back`() throws {
    let manifest = Manifest(Array((Self.model + "---\n" + Self.device).utf8), file: "m.yaml")
    #expect(manifest.problems.isEmpty && !manifest.isUnclear)
    #expect(
      manifest.entries.map(\.key.description) == [
        "DeviceModel default/thermo-model", "Device default/thermo-1",
      ])
    #expect(manifest.entries.map(\.line) == [3, 22])
    #expect(manifest.warnings.isEmpty)
    for entry in manifest.entries {
      let json = try #require(entry.object?.json)
      let again = Manifest(Array(YAMLWriter.text(of: json).utf8), file: "again.yaml")
      #expect(again.problems.isEmpty)
      #expect(again.entries.first?.object?.json == json)
    }
    let json = try #require(manifest.entries.last?.object?.json)
    #expect(
      json.text == """
        {"apiVersion":"devices.kubeedge.io/v1beta1","kind":"Device","metadata":{"name":"thermo-1",\
        "namespace":"default","labels":{"description":"hall-sensor"}},"spec":{"deviceModelRef":{"name":\
        "thermo-model"},"nodeName":"edge-1","protocol":{"protocolName":"modbus","configData":{"serialPort":\
        "/dev/ttyS0","slaveID":1}},"stateReport":{"reportToCloud":true,"reportCycle":10000},"methods":[{"name":\
        "setTemperature","description":"write the set point","propertyNames":["temperature"]}],"properties":\
        [{"name":"temperature","desired":{"value":"22","metadata":{"type":"int"}},"visitors":{"protocolName":\
        "modbus","configData":{"register":"HoldingRegister","offset":2,"limit":1}},"collectCycle":1000,\
        "reportCycle":5000,"reportToCloud":true,"pushMethod":{"mqtt":{"address":"tcp://127.0.0.1:1883",\
        "topic":"plant/temp","qos":0,"retained":false}}}]}}
        """)
  }

  @Test func `takes what kubectl prints`() throws {
    let text = """
      apiVersion: v1
      kind: List
      metadata: {resourceVersion: ""}
      items:
      - apiVersion: devices.kubeedge.io/v1beta1
        kind: Device
        metadata:
          annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
          creationTimestamp: "2026-01-01T00:00:00Z"
          generation: 2
          name: d1
          resourceVersion: "7"
          uid: 5c5
        spec: {deviceModelRef: {name: m}, properties: []}
        status: {twins: [{propertyName: x}]}
      - apiVersion: devices.kubeedge.io/v1beta1
        kind: DeviceModel
        metadata: {name: m}
        spec: {propertys: []}
      """
    let manifest = Manifest(Array(text.utf8), file: "m.yaml")
    #expect(manifest.entries.map(\.key.description) == ["Device default/d1", "DeviceModel default/m"])
    #expect(manifest.entries.map { $0.object != nil } == [true, false])
    #expect(
      manifest.problems.map(\.description) == [
        "m.yaml:19: items[1].spec.propertys: expected one of the known keys: properties, protocol, protocolConfigData"
      ])
    #expect(!manifest.isUnclear)
  }

  @Test func `names everything that is wrong with a device at once`() {
    let text = """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: Device
      metadata: {name: d1, labels: {a: 1}, annotations: {selvedge.dev/telemetry: small, selvedge.dev/telemetri: x}}
      spec:
        deviceModelRef: {}
        nodename: n
        protocol: {protocolName: modbus, configdata: {}}
        properties:
        - {name: a, collectCycle: 5, reportCycle: -1, reportToCloud: "yes"}
        - {name: a, desired: {metadata: {ttl: 5x, verify: "no"}}, visitors: {configData: 7}}
        - {desired: {value: 22}}
      """
    #expect(
      problems(text) == [
        "m.yaml:3: metadata.labels.a: 1: expected a text (put it in quotes)",
        "m.yaml:3: metadata.annotations.selvedge.dev/telemetri: expected one of the known keys: selvedge.dev/telemetry",
        "m.yaml:3: metadata.annotations.selvedge.dev/telemetry: small: expected one of full, compact",
        "m.yaml:5: spec.deviceModelRef.name: expected the name of a DeviceModel",
        "m.yaml:7: spec.protocol.configdata: expected one of the known keys: configData, protocolName",
        "m.yaml:9: spec.properties[0].collectCycle: 5: expected at least 10 (milliseconds)",
        "m.yaml:9: spec.properties[0].reportCycle: -1: expected a whole number from 0 to 86400000",
        "m.yaml:9: spec.properties[0].reportToCloud: yes: expected true or false",
        "m.yaml:10: spec.properties[1].desired.value: expected the desired value, as text",
        "m.yaml:10: spec.properties[1].desired.metadata.ttl: 5x: expected milliseconds or a duration such as 90s or 1h30m, as text",
        "m.yaml:10: spec.properties[1].desired.metadata.verify: no: expected \"true\" or \"false\"",
        "m.yaml:10: spec.properties[1].visitors.configData: 7: expected a mapping",
        "m.yaml:10: spec.properties[1].name: a: expected a name that no other property has",
        "m.yaml:11: spec.properties[2].name: expected the name of a property of the model",
        "m.yaml:11: spec.properties[2].desired.value: 22: expected a text (put it in quotes)",
        "m.yaml:6: spec.nodename: expected one of the known keys: deviceModelRef, methods, nodeName, properties, protocol, stateReport",
      ])
  }

  @Test func `names everything that is wrong with a model at once`() {
    let text = """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata: {name: m}
      spec:
        properties:
        - {name: a, type: INTEGER, accessMode: Write, minimum: low}
        - {name: b, type: INT, minimum: "5", maximum: "1", visitor: {}}
        - {name: b, minimum: 5}
      """
    #expect(
      problems(text) == [
        "m.yaml:6: spec.properties[0].type: INTEGER: expected one of INT, FLOAT, DOUBLE, STRING, BOOLEAN, BYTES, STREAM",
        "m.yaml:6: spec.properties[0].accessMode: Write: expected one of ReadWrite, ReadOnly",
        "m.yaml:6: spec.properties[0].minimum: low: expected a number, as text",
        "m.yaml:7: spec.properties[1].visitor: expected one of the known keys: accessMode, description, maximum, "
          + "minimum, name, type, unit, visitors",
        "m.yaml:7: spec.properties[1].minimum: 5: expected a number up to maximum, which is 1",
        "m.yaml:8: spec.properties[2].type: expected one of INT, FLOAT, DOUBLE, STRING, BOOLEAN, BYTES, STREAM",
        "m.yaml:8: spec.properties[2].minimum: 5: expected a text (put it in quotes)",
        "m.yaml:8: spec.properties[2].name: b: expected a name that no other property has",
      ])
  }

  @Test(arguments: [
    ("- 1", ["m.yaml:1: a list: expected a mapping"], true),
    (
      "kind: Pod\nmetadata: {name: x}",
      [
        "m.yaml:1: apiVersion: expected devices.kubeedge.io/v1beta1",
        "m.yaml:1: kind: Pod: expected Device or DeviceModel",
      ], true
    ),
    (
      "apiVersion: devices.kubeedge.io/v1alpha2\nkind: Device\nmetadata: {name: x}\nspec: {propertyVisitors: []}",
      [
        "m.yaml:1: apiVersion: devices.kubeedge.io/v1alpha2: expected devices.kubeedge.io/v1beta1, the only version of "
          + "devices.kubeedge.io that is supported"
      ], false
    ),
    (
      "apiVersion: devices.kubeedge.io/v1beta1\nkind: Device\nmetadata: {name: Pump_1, namespace: A.b}",
      [
        "m.yaml:3: metadata.name: Pump_1: expected lower-case letters, digits, '-' and '.', at most 253",
        "m.yaml:3: metadata.namespace: A.b: expected lower-case letters, digits and '-', at most 63",
      ], true
    ),
    (
      "apiVersion: devices.kubeedge.io/v1beta1\nkind: Device\nspec: {}",
      ["m.yaml:1: metadata: expected a mapping with the name of the object"], true
    ),
    (
      "apiVersion: devices.kubeedge.io/v1beta1\nkind: Device\nmetadata: {name: x}",
      ["m.yaml:1: spec: expected a mapping"], false
    ),
    (
      "a: [",
      [
        "m.yaml:2: expected well-formed YAML (column 1: did not find expected node content while parsing a flow node)"
      ], true
    ),
  ])
  func `tells whether a broken object can be known`(text: String, messages: [String], isUnclear: Bool) {
    let manifest = Manifest(Array(text.utf8), file: "m.yaml")
    #expect(manifest.problems.map(\.description) == messages)
    #expect(manifest.isUnclear == isUnclear)
    #expect(manifest.entries.allSatisfy { $0.object == nil })
  }
}
