// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// An independent implementation at the other end of the line: pymodbus, from PyPI.
@Suite(.runsNodes) struct PymodbusTests {
  private struct Point {
    var name: String
    var type: String
    var settings: String
    /// What Tests/Fixtures/pymodbus/server.py holds there. Nil: not an address of the device.
    var value: JSON?
    var isWritable = true
  }

  private static let points: [Point] = [
    .init(name: "coil", type: "BOOLEAN", settings: "register: CoilRegister, offset: 5", value: true),
    .init(name: "coilOff", type: "BOOLEAN", settings: "register: CoilRegister, offset: 6", value: false),
    // Coil 8 is the lowest bit; 9 is set.
    .init(name: "coils", type: "INT", settings: "register: CoilRegister, offset: 8, limit: 4", value: 2),
    .init(
      name: "door", type: "BOOLEAN", settings: "register: DiscreteInputRegister, offset: 0", value: true,
      isWritable: false),
    .init(
      name: "doors", type: "INT", settings: "register: DiscreteInputRegister, offset: 0, limit: 4", value: 9,
      isWritable: false),
    .init(
      name: "word", type: "INT", settings: "register: HoldingRegister, offset: 0, dataType: uint16",
      value: 40000),
    .init(
      name: "abcd", type: "FLOAT", settings: "register: HoldingRegister, offset: 2, dataType: float32",
      value: 12.375),
    .init(
      name: "badc", type: "FLOAT",
      settings: "register: HoldingRegister, offset: 4, dataType: float32, byteOrder: BADC", value: 12.375),
    .init(
      name: "cdab", type: "FLOAT",
      settings: "register: HoldingRegister, offset: 6, dataType: float32, isRegisterSwap: true", value: 12.375
    ),
    .init(
      name: "dcba", type: "FLOAT",
      settings: "register: HoldingRegister, offset: 8, dataType: float32, isSwap: true, isRegisterSwap: true",
      value: 12.375),
    .init(
      name: "short", type: "INT", settings: "register: HoldingRegister, offset: 10, dataType: int16",
      value: -2),
    .init(
      name: "long", type: "INT", settings: "register: HoldingRegister, offset: 12, dataType: int32",
      value: -100000),
    .init(
      name: "tenths", type: "FLOAT",
      settings: "register: InputRegister, offset: 0, dataType: uint16, scale: 0.1", value: 22.5,
      isWritable: false),
    .init(
      name: "pi", type: "DOUBLE", settings: "register: InputRegister, offset: 2, dataType: float64",
      value: 3.14159, isWritable: false),
    .init(
      name: "counter", type: "INT", settings: "register: InputRegister, offset: 6, dataType: uint64",
      value: 1_099_511_627_781, isWritable: false),
    .init(
      name: "version", type: "STRING", settings: "register: InputRegister, offset: 10, limit: 2",
      value: "v1.2", isWritable: false),
    .init(
      name: "deep", type: "INT", settings: "register: InputRegister, offset: 12, dataType: int64",
      value: -1_099_511_627_776, isWritable: false),
    .init(
      name: "beyond", type: "INT", settings: "register: HoldingRegister, offset: 16, dataType: uint16",
      value: nil),
    .init(name: "farBit", type: "BOOLEAN", settings: "register: CoilRegister, offset: 16", value: nil),
  ]

  private static func manifest(port: UInt16) -> String {
    let model = points.map {
      "  - {name: \($0.name), type: \($0.type), accessMode: \($0.isWritable ? "ReadWrite" : "ReadOnly")}\n"
    }
    let device = points.map {
      "  - {name: \($0.name), collectCycle: 200, reportCycle: 100, visitors: {configData: {\($0.settings)}}}\n"
    }
    return """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata: {name: block, namespace: default}
      spec:
        protocol: modbus
        properties:
      \(model.joined())---
      apiVersion: devices.kubeedge.io/v1beta1
      kind: Device
      metadata: {name: block, namespace: default}
      spec:
        deviceModelRef: {name: block}
        protocol: {protocolName: modbus, configData: {ip: 127.0.0.1, port: \(port), slaveID: 3}}
        properties:
      \(device.joined())
      """
  }

  private struct Bench {
    let peer: Simulator
    let node: Node

    init() async throws {
      peer = try await Simulator(
        program: Python.withPymodbus("3.16.1"), [Programs.fixture("pymodbus/server.py")])
      node = try await Node.started(
        mappers: ["modbus"], manifests: ["block": PymodbusTests.manifest(port: peer.port)])
    }
  }

  /// One test, since each peer takes a second to start.
  @Test func `every kind of register and number is read and written as pymodbus understands it`() async throws
  {
    let bench = try await Bench()
    let (node, line) = (bench.node, bench.peer.client(unit: 3))
    #expect(await node.reports(40000, as: "word", of: "default/block"))
    for point in Self.points {
      guard let value = point.value else { continue }
      let reported = await node.reported(point.name, of: "default/block")
      if let number = value.double, let found = reported.double {
        #expect(abs(found - number) < 1e-5, "\(point.name): \(found)")
      } else {
        #expect(reported == value, "\(point.name)")
      }
    }

    // Where there is no register, the exception is named with unit, function and address.
    let problems = [
      ("beyond", "unit 3, holding register 40017: exception 2, illegal data address"),
      ("farBit", "unit 3, coil 17: exception 2, illegal data address"),
    ]
    for (name, text) in problems {
      let point = await node.property(name, of: "default/block")
      #expect(point["reported"]?["value"] == .null)
      #expect(point["reported"]?["quality"] == "bad")
      #expect(point["reported"]?["error"]?.string?.contains(text) == true, "\(point.text)")
    }

    // 12.375 is 0x41460000, -0.5 is 0xbf000000: each order as the specification of the peer's registers.
    let writes: [(name: String, value: String, at: UInt16, registers: [UInt16])] = [
      ("word", "4711", 0, [4711]),
      ("abcd", "-0.5", 2, [0xBF00, 0x0000]),
      ("badc", "-0.5", 4, [0x00BF, 0x0000]),
      ("cdab", "-0.5", 6, [0x0000, 0xBF00]),
      ("dcba", "-0.5", 8, [0x0000, 0x00BF]),
      ("short", "-7", 10, [0xFFF9]),
      ("long", "65537", 12, [1, 1]),
    ]
    for write in writes {
      let reply = try await node.set(write.name, of: "default/block", to: write.value)
      #expect(reply.status == 200, "\(write.name): \(reply.text)")
      #expect(try await line.holding(write.at, count: UInt16(write.registers.count)) == write.registers)
    }
    #expect(try await node.set("coil", of: "default/block", to: "false").status == 200)
    #expect(try await node.set("coilOff", of: "default/block", to: "true").status == 200)
    #expect(try await node.set("coils", of: "default/block", to: "13").status == 200)
    #expect(try await line.coils(5, count: 7) == [false, true, false, true, false, true, true])

    let refused = try await node.set("beyond", of: "default/block", to: "1")
    #expect(refused.status == 422)
    #expect(
      refused.text.contains("unit 3, writing holding register 40017: exception 2, illegal data address"),
      "\(refused.text)")
  }
}
