// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import edgectl

@Suite struct RenderingTests {
  let plain = Terminal(hasColor: false)

  @Test func `aligns columns and leaves nothing behind the last`() {
    var table = Table(["NAME", "STATE", "REASON"])
    table.add(["pump-1", .init("online", .green), ""])
    table.add(["a", .init("offline", .red), "no answer"])
    let expected = """
      NAME    STATE    REASON
      pump-1  online
      a       offline  no answer

      """
    #expect(table.text(on: plain) == expected)
    let colored = table.text(on: Terminal(hasColor: true))
    #expect(colored.contains("\u{1B}[32monline\u{1B}[0m\n"))
    #expect(colored.contains("a       \u{1B}[31moffline\u{1B}[0m  no answer\n"))
  }

  @Test func `lets no text of a device move the cursor`() {
    #expect(Table.Cell("a\u{1B}[2Jb\nc\u{9B}d").text == "a [2Jb c d")
  }

  @Test(arguments: [
    (0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d"),
    (-5, "0s"),
  ])
  func `shows ages`(seconds: Int64, text: String) {
    let now: Int64 = 1_795_521_600_000_000_000
    #expect(Age.text(since: RFC3339.text(now - seconds * 1_000_000_000), now: now) == text)
  }

  @Test func `shows no age where there is no time`() {
    #expect(Age.text(since: nil) == "-")
    #expect(Age.text(since: "yesterday") == "-")
    #expect(Age.timeOfDay(nil) == "-")
    #expect(Age.timeOfDay("2026-11-24T12:34:56.789Z").hasSuffix(":56.789"))
  }

  static let property: JSON = [
    "type": "int", "unit": "°C",
    "reported": ["value": 21, "quality": "good", "time": "2026-01-01T00:00:01.000Z"],
    "desired": [
      "value": 22, "state": "applied", "stateTime": "2026-01-01T00:00:02.000Z", "attempts": 1,
    ],
    "inSync": false,
  ]

  @Test func `says of an applied value that it differs only when the reading is newer`() {
    #expect(TwinView.state(of: Self.property).text == "applied")
    var later = Self.property.object ?? [:]
    later["reported"] = ["value": 21, "quality": "good", "time": "2026-01-01T00:00:03.000Z"]
    #expect(TwinView.state(of: .object(later)).text == "applied, but differs now")
  }

  @Test(arguments: [
    (
      #"{"state":"pending","attempts":3,"error":"timeout"}"#, "pending: timeout (3 attempts)",
      Terminal.Color.yellow
    ),
    (#"{"state":"pending","attempts":1}"#, "pending", .yellow),
    (#"{"state":"failed","error":"denied"}"#, "failed: denied", .red),
    (#"{"state":"applied"}"#, "applied", .green),
  ])
  func `tells what became of a desired value`(desired: String, text: String, color: Terminal.Color)
    throws
  {
    let property: JSON = ["desired": try JSON.parse(desired), "inSync": true]
    #expect(TwinView.state(of: property) == Table.Cell(text, color))
  }

  @Test func `reports a set by property`() throws {
    let assignments = try ["setpoint=22", "mode-"].map { try #require(Assignment(argument: $0)) }
    let twin: JSON = ["properties": ["setpoint": Self.property, "mode": ["inSync": true]]]
    #expect(
      TwinSet.report(assignments, twin: twin, on: plain)
        == "setpoint: 22 °C applied\nmode: nothing desired\n"
    )
  }

  @Test func `shows devices in a table`() {
    let device: JSON = [
      "namespace": "plant", "name": "pump-1", "model": "pump", "protocol": "modbus",
      "labels": ["a": "1"],
      "link": ["state": "offline", "reason": "no answer"], "desiredVersion": 3,
      "reportedVersion": 9,
      "inSync": true,
      "counts": ["pending": 1, "failed": 0],
    ]
    let wide = DeviceRow(hasNamespace: true, isWide: true)
    #expect(
      wide.cells(of: device).map(\.text) == [
        "plant", "pump-1", "pump", "modbus", "offline", "1 pending", "-", "3", "9", "a=1",
        "no answer",
      ])
    #expect(wide.header.count == wide.cells(of: device).count)
    #expect(
      DeviceRow(hasNamespace: false, isWide: false).cells(of: [:]).map(\.text) == [
        "", "", "-", "-", "differs", "-",
      ])
  }

  @Test func `shows mappers with why they do not run`() {
    let refused: JSON = [
      "file": "x.so", "state": "refused", "message": "no mapper_entry", "restarts": 2,
    ]
    #expect(
      MapperRow.cells(of: refused, isWide: false).map(\.text) == [
        "x.so", "-", "refused", "-", "0", "2", "no mapper_entry",
      ])
    #expect(
      MapperRow.header(isWide: true).count == MapperRow.cells(of: refused, isWide: true).count)
  }

  @Test func `lists counters by dotted names`() {
    let text = NodeView.text(
      of: [
        "name": "edge-1", "version": "1", "ready": false, "notReady": ["no disk"],
        "modules": ["a", "b"],
        "counters": ["a": ["x": 1, "y": ["z": 2]], "b": [["x": 3]], "c": [["x": 4], ["x": 5]]],
      ], isWide: true, on: plain)
    #expect(text.contains("Not ready: no disk\n"))
    #expect(
      text.hasSuffix("COUNTER  VALUE\na.x      1\na.y.z    2\nb.x      3\nc.0.x    4\nc.1.x    5\n")
    )
  }

  @Test func `prints JSON with line breaks`() {
    #expect(
      PrettyJSON.text(["a": [1, [:]], "b": []])
        == "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}\n")
  }
}
