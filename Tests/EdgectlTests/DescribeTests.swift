// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import edgectl

@Suite struct DescribeTests {
  let plain = Terminal(hasColor: false)

  static let twin: JSON = [
    "namespace": "plant", "name": "pump-1", "model": "pump", "protocol": "modbus",
    "labels": ["line": "1"],
    "link": ["state": "offline", "reason": "no answer", "since": "2026-11-24T09:00:00.000Z"],
    "desiredVersion": 3,
    "reportedVersion": 41,
    "properties": [
      "setpoint": [
        "type": "int", "unit": "°C", "access": "readWrite", "min": 0, "max": 100, "mapped": true,
        "reported": [
          "value": 21, "quality": "uncertain", "reason": "stale",
          "error": "timeout: unit 3 did not answer",
          "time": "2026-11-24T09:00:00.000Z",
        ],
        "desired": ["value": 22, "state": "pending", "attempts": 3, "error": "no link"],
        "inSync": false,
      ]
    ],
  ]

  @Test func `tells all about a device`() {
    let text = DescribeDevice.text(
      of: Self.twin,
      mappers: [
        ["file": "modbus.so", "version": "1.0", "state": "running", "drivers": [["id": "modbus"]]]
      ],
      methods: [["name": "reset", "arguments": []]],
      history: [["property": "setpoint", "from": "2026-11-24T08:00:00.000Z", "samples": 7]],
      events: ["an event"],
      on: plain)
    for part in [
      "Name:              pump-1\n", "Labels:            line=1\n",
      "Mapper:            modbus.so 1.0, running\n",
      "Link:              offline: no answer\n", "uncertain: stale", "pending",
      "timeout: unit 3 did not answer; desired: no link (3 attempts)", "0 to 100", "read, write",
      "reset",
      "\nHistory:\n", "\nEvents:\n  an event\n",
    ] {
      #expect(text.contains(part), "\(part)\n\(text)")
    }
  }

  @Test func `says that nothing drives a device`() {
    let text = DescribeDevice.text(
      of: Self.twin, mappers: [], methods: nil, history: nil, events: [], on: plain)
    #expect(text.contains("Mapper:            none has the protocol modbus\n"), "\(text)")
    #expect(!text.contains("Events:") && !text.contains("Methods:"))
  }

  @Test func `keeps what a driver says out of the column of the quality`() {
    let table = TwinView.table(of: Self.twin["properties"]?.object ?? [:], on: plain)
    let lines = table.split(separator: "\n")
    #expect(lines[0].hasPrefix("PROPERTY  REPORTED  QUALITY           AGE"), "\(table)")
    #expect(lines[1].contains("22 °C    pending  timeout"), "\(table)")
  }

  @Test func `describes what a real agent answers, and leaves out what it has not got`()
    async throws
  {
    let agent = try FakeAgent { request in
      switch request.line {
      case "GET /v1/devices/plant/pump-1": .json(Self.twin)
      case "GET /v1/mappers/modbus.so":
        .json([
          "file": "modbus.so", "state": "refused", "message": "no entry", "counters": ["reads": 5],
          "drivers": [["id": "modbus", "title": "Modbus", "canScan": true]],
        ])
      case "GET /v1/devices": .json(["items": [Self.twin]])
      case "GET /v1/mappers": .json(["items": []])
      case "GET /v1/node": .json(["name": "edge-1", "ready": false, "notReady": ["no broker"]])
      default: nil
      }
    }
    let device = try await Tool.edgectl([
      "describe", "device", "plant/pump-1", "--socket", agent.socketPath,
    ])
    #expect(device.status == 0 && device.output.contains("setpoint"), "\(device.errors)")
    let mapper = try await Tool.edgectl([
      "describe", "mapper", "modbus", "--socket", agent.socketPath,
    ])
    #expect(mapper.status == 0, "\(mapper.errors)")
    for part in ["Why:", "no entry", "reads", "scans for devices", "plant/pump-1  offline"] {
      #expect(mapper.output.contains(part), "\(part)\n\(mapper.output)")
    }
    let node = try await Tool.edgectl(["describe", "node", "--socket", agent.socketPath])
    #expect(node.status == 0, "\(node.errors)")
    #expect(
      node.output.contains("no broker") && node.output.contains("offline  1"), "\(node.output)")
  }
}
