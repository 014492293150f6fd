// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// pymodbus at the other end of a serial line, and of a gateway that passes such a line's bytes on.
@Suite(.runsNodes) struct PymodbusLineTests {
  private static let model = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: block, namespace: default}
    spec:
      protocol: modbus
      properties:
      - {name: word, type: INT, accessMode: ReadWrite}
      - {name: low, type: BOOLEAN, accessMode: ReadWrite}
      - {name: number, type: FLOAT, accessMode: ReadWrite}
      - {name: coil, type: BOOLEAN, accessMode: ReadWrite}
      - {name: door, type: BOOLEAN, accessMode: ReadOnly}
      - {name: degrees, type: DOUBLE, accessMode: ReadOnly}
      - {name: version, type: STRING, accessMode: ReadOnly}
    """

  private static func device(_ name: String, unit: Int, line: String) -> String {
    """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: \(name), namespace: default}
    spec:
      deviceModelRef: {name: block}
      protocol: {protocolName: modbus, configData: {slaveID: \(unit), timeoutMs: 500, \(line)}}
      properties:
      - {name: word, collectCycle: 200, visitors: {configData: {register: HoldingRegister, offset: 0}}}
      - {name: low, collectCycle: 200, visitors: {configData: {register: HoldingRegister, offset: 0, bit: 0}}}
      - name: number
        collectCycle: 200
        visitors: {configData: {register: HoldingRegister, offset: 2, dataType: float32}}
      - {name: coil, collectCycle: 200, visitors: {configData: {register: CoilRegister, offset: 5}}}
      - {name: door, collectCycle: 200, visitors: {configData: {register: DiscreteInputRegister, offset: 0}}}
      - name: degrees
        collectCycle: 200
        visitors:
          configData: {register: InputRegister, offset: 0, dataType: uint16, scale: 0.1, valueOffset: -40}
      - {name: version, collectCycle: 200, visitors: {configData: {register: InputRegister, offset: 10, limit: 2}}}
    """
  }

  /// Units 3 and 4 answer, 9 does not.
  private static func node(on line: String) async throws -> Node {
    try await Node.started(
      mappers: ["modbus"],
      manifests: [
        "model": model,
        "three": device("three", unit: 3, line: line),
        "four": device("four", unit: 4, line: line),
        "dead": device("dead", unit: 9, line: line),
      ])
  }

  private static func peer(_ arguments: [String]) async throws -> Simulator {
    try await Simulator(
      program: Python.withPymodbus("3.16.1"), [Programs.fixture("pymodbus/server.py")] + arguments)
  }

  private static let patience = Duration.seconds(60)

  private static func readsAndWrites(_ node: Node) async throws {
    for device in ["default/three", "default/four"] {
      #expect(await node.reports(40000, as: "word", of: device, within: patience), "\(node.log)")
      #expect(await node.reported("low", of: device) == false)
      #expect(await node.reported("number", of: device) == 12.375)
      #expect(await node.reported("coil", of: device) == true)
      #expect(await node.reported("door", of: device) == true)
      #expect(await node.reported("degrees", of: device) == -17.5)
      #expect(await node.reported("version", of: device) == "v1.2")
    }
    // The dead unit is told, and its neighbours on the line go on.
    #expect(await node.becomes("offline", "default/dead", within: patience))
    let reason = await node.twin("default/dead")["link"]?["reason"]?.string
    #expect(reason?.contains("unit 9 did not answer") == true, "\(reason ?? "")")

    for (name, value) in [("low", "true"), ("number", "-0.5"), ("coil", "false")] {
      let reply = try await node.set(name, of: "default/three", to: value, timeout: "20s")
      #expect(reply.status == 200, "\(name): \(reply.text)")
    }
    #expect(await node.reports(40001, as: "word", of: "default/three", within: patience))
    #expect(await node.reports(-0.5, as: "number", of: "default/three", within: patience))
    #expect(await node.reports(false, as: "coil", of: "default/three", within: patience))
    // The other unit has registers of its own.
    #expect(try await node.set("word", of: "default/four", to: "7", timeout: "20s").status == 200)
    #expect(await node.reports(true, as: "low", of: "default/four", within: patience))
    #expect(await node.reported("word", of: "default/three") == 40001)
  }

  @Test func `units on a serial line are read and written while one of them is dead`() async throws {
    let folder = try TemporaryFolder()
    let peer = try await Self.peer(["--line", folder.file("tty")])
    // As KubeEdge's mapper has it.
    let line = "communicateMode: RTU, serialName: \(folder.file("tty")), baudRate: 115200, parity: None"
    let node = try await Self.node(on: line)
    try await Self.readsAndWrites(node)
    peer.kill()
  }

  @Test func `units of a serial line behind a gateway are read and written over TCP`() async throws {
    let peer = try await Self.peer(["--rtu"])
    let node = try await Self.node(on: "communicateMode: RTUOverTCP, ip: 127.0.0.1, port: \(peer.port)")
    try await Self.readsAndWrites(node)
    peer.kill()
  }
}
