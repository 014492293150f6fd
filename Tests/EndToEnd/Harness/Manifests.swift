// SPDX-License-Identifier: Apache-2.0

/// Manifests as an operator writes them.
enum Manifests {
  /// `level` is holding register 4, which can be set; `input` is input register 4.
  static let tankModel = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: tank, namespace: default}
    spec:
      protocol: modbus
      properties:
      - {name: level, type: INT, accessMode: ReadWrite, minimum: "0", maximum: "60000"}
      - {name: input, type: INT, accessMode: ReadOnly}

    """

  static func tank(
    _ name: String, port: UInt16, unit: UInt8 = 1, offset: Int = 4, cycle: Int = 100, settings: String = ""
  ) -> String {
    """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: \(name), namespace: default}
    spec:
      deviceModelRef: {name: tank}
      protocol: {protocolName: modbus, configData: {ip: 127.0.0.1, port: \(port), slaveID: \(unit)\(settings)}}
      properties:
      - name: level
        collectCycle: \(cycle)
        reportCycle: 100
        visitors: {protocolName: modbus, configData: {register: HoldingRegister, offset: \(offset), dataType: uint16}}
      - name: input
        collectCycle: \(cycle)
        reportCycle: 100
        visitors: {protocolName: modbus, configData: {register: InputRegister, offset: 4, dataType: uint16}}

    """
  }

  /// A device that speaks to a program over MQTT, as in KubeEdge: no mapper has to do with it.
  static func plainModel(_ name: String = "plain", properties: [(name: String, type: String)] = []) -> String
  {
    let lines = properties.map { "  - {name: \($0.name), type: \($0.type), accessMode: ReadWrite}\n" }
      .joined()
    return """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata: {name: \(name), namespace: default}
      spec:
        properties:\(lines.isEmpty ? " []" : "\n" + lines)

      """
  }

  static func plain(
    _ name: String, namespace: String = "default", model: String = "plain", properties: [String] = []
  ) -> String {
    """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      deviceModelRef: {name: \(model)}
      properties: [\(properties.map { "{name: \($0)}" }.joined(separator: ", "))]

    """
  }
}
