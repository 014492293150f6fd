// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import TestSupport
import Testing

@testable import edgectl

@Suite struct HistoryTests {
  let plain = Terminal(hasColor: false)

  static func steps(_ rows: [JSON], type: String = "float") -> HistoryRecord {
    HistoryRecord([
      "property": "t", "type": .string(type), "unit": "°C", "from": 0, "to": 10_000, "step": 1000,
      "columns": ["time", "count", "failed", "min", "max", "avg", "last"], "rows": .array(rows),
    ])
  }

  @Test func `adds steps up, each by its samples`() {
    let answer = Self.steps([
      [0, 1, 0, 10, 10, 10.0, 10], [1000, 3, 2, 20, 24, 22.0, 24],
      [2000, 0, 5, nil, nil, nil, nil],
    ])
    #expect(
      answer.summary == .init(count: 4, failed: 7, low: 10, high: 24, average: 19, last: 24))
    #expect(
      HistoryView.summary(answer.summary)
        == "min 10   avg 19   max 24   last 24   samples 4   failed 7\n")
  }

  @Test func `counts a sample without a value as failed`() {
    let answer = HistoryRecord([
      "from": 0, "to": 10, "columns": ["time", "value", "quality"],
      "rows": [[0, 1.5, "good"], [5, nil, "bad"], [6, true, "good"]],
    ])
    #expect(
      answer.summary == .init(count: 2, failed: 1, low: 1, high: 1.5, average: 1.25, last: true))
    #expect(answer.points.map(\.hasFailure) == [false, true, false])
  }

  @Test func `draws a rising line`() {
    let points = (0...9).map { Plot.Point(time: Int64($0) * 1000, value: Double($0)) }
    let plot = Plot(from: 0, to: 10_000, width: 20, height: 5, isASCII: true)
    let lines = plot.text(points, on: plain).split(separator: "\n").map(String.init)
    #expect(lines.count == 7)
    // Each column of the curve has one place, and no column is above one to its right.
    let rows = lines.prefix(5).map { Array($0.drop { $0 != "|" && $0 != "+" }.dropFirst()) }
    var last = 5
    for column in 0..<13 {
      let filled = rows.indices.filter {
        rows[$0].indices.contains(column) && rows[$0][column] == "*"
      }
      let top = filled.min() ?? -1
      #expect((0...last).contains(top), "column \(column)")
      last = max(top, 0)
    }
    #expect(lines[0].contains("*") && lines[4].contains("*"))
  }

  @Test func `leaves a gap where nothing could be read, and marks it`() {
    var points = (0...20).map { Plot.Point(time: Int64($0) * 500, value: 1) }
    for index in 8...12 {
      points[index] = .init(time: Int64(index) * 500, value: nil, hasFailure: true)
    }
    let text = Plot(from: 0, to: 10_000, width: 40, height: 4, isASCII: true).text(
      points, on: plain)
    let lines = text.split(separator: "\n").map(String.init)
    let curve = lines.first { $0.contains("*") } ?? ""
    #expect(curve.contains("*     "), "\(text)")
    #expect(curve.drop { $0 != "*" }.drop { $0 == "*" }.contains("*"), "\(text)")
    #expect(lines.contains { $0.contains("x") }, "\(text)")
  }

  @Test func `draws braille from its dots`() {
    let points = [Plot.Point(time: 0, value: 0), Plot.Point(time: 1000, value: 1)]
    let text = Plot(from: 0, to: 1000, width: 14, height: 2, isASCII: false).text(points, on: plain)
    let braille = text.unicodeScalars.filter { (0x2801...0x28FF).contains($0.value) }
    #expect(!braille.isEmpty)
    #expect(!text.contains("*"))
  }

  @Test(arguments: [(0.0, 1.0), (-5, 5), (99.95, 100.05), (7, 7), (-1e9, 1e9), (0, 1e-6)])
  func `puts round numbers beside the axis`(low: Double, high: Double) {
    let scale = PlotScale(low: low, high: high, count: 5)
    #expect((1...6).contains(scale.marks.count), "\(scale.marks)")
    #expect(scale.marks.allSatisfy { $0.value >= scale.low && $0.value <= scale.high })
    #expect(Set(scale.marks.map(\.text)).count == scale.marks.count, "\(scale.marks)")
    #expect(scale.low < scale.high)
  }

  @Test(arguments: [1000, 60_000, 3_600_000, 86_400_000, 864_000_000, 31_536_000_000] as [Int64])
  func `puts round times below it`(span: Int64) {
    let from: Int64 = 1_795_521_612_345
    let marks = PlotTimes(from: from, to: from + span, width: 80).marks
    #expect(marks.count <= 9)
    #expect(span < 2000 || !marks.isEmpty)
    #expect(marks.allSatisfy { $0.time >= from && $0.time <= from + span })
  }

  @Test func `quotes what CSV would break at`() {
    let answer = HistoryRecord([
      "from": 0, "to": 10, "columns": ["time", "value", "quality"],
      "rows": [[0, "a,\"b\"", "good"], [1, nil, "bad"]],
    ])
    #expect(
      HistoryView.csv(answer)
        == "time,value,quality\n1970-01-01T00:00:00.000Z,\"a,\"\"b\"\"\",good\n1970-01-01T00:00:00.001Z,,bad\n"
    )
  }

  // MARK: - The program

  @Test func `asks for as many steps as the plot has columns`() async throws {
    let agent = try FakeAgent { request in
      guard request.line == "GET /v1/devices/default/pump-1/properties/t/history" else {
        return nil
      }
      var document =
        Self.steps([[0, 1, 0, 10, 10, 10, 10], [5000, 1, 0, 30, 30, 30, 30]]).whole.object ?? [:]
      document["rows"] = [[0, 1, 0, 10, 10, 10, 10], [5000, 1, 0, 30, 30, 30, 30]]
      return .json(.object(document))
    }
    let result = try await Tool.edgectl([
      "history", "pump-1", "t", "--from", "1795521600000", "--to", "1795525200000", "--socket",
      agent.socketPath,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("default/pump-1 t in °C"), "\(result.output)")
    #expect(
      result.output.contains("min 10   avg 20   max 30   last 30   samples 2\n"), "\(result.output)"
    )
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(result.output)")
    let query = agent.requests.first?.query ?? []
    #expect(query.contains("from=1795521600000") && query.contains("to=1795525200000"), "\(query)")
    // An hour in two dots a column of 68.
    #expect(query.contains("step=26470ms"), "\(query)")
  }

  @Test func `goes on where a page ends`() async throws {
    let agent = try FakeAgent { request in
      let isFirst = request.query.contains("from=1795521600000")
      let start: Int64 = isFirst ? 1_795_521_600_000 : 1_795_521_602_000
      var document: JSON.Members = [
        "from": .int(start), "to": 1_795_525_200_000, "type": "int",
        "columns": ["time", "value", "quality"],
        "rows": [[.int(start), 1, "good"], [.int(start + 1000), 2, "good"]],
      ]
      if isFirst { document.append("next", 1_795_521_602_000) }
      return .json(.object(document))
    }
    let result = try await Tool.edgectl([
      "history", "pump-1", "t", "-o", "json", "--from", "1795521600000", "--to", "1795525200000",
      "--socket",
      agent.socketPath,
    ])
    #expect(
      try JSON.parse(result.output)["rows"]?.array?.count == 4, "\(result.output)\(result.errors)")
    #expect(try JSON.parse(result.output)["next"] == nil)
    #expect(agent.requests.count == 2)
  }

  @Test func `exports into a new file, and leaves none behind when it fails`() async throws {
    let folder = try TemporaryFolder()
    let agent = try FakeAgent { request in
      request.query.contains("property=bad")
        ? .problem(404, "property-not-found", "no bad")
        : .init(type: "text/csv", body: "time,property\n1,é\n")
    }
    let good = try await Tool.edgectl([
      "history", "export", "plant/a", "--file", folder.file("a.csv"), "--socket", agent.socketPath,
    ])
    #expect(good.status == 0, "\(good.errors)")
    #expect(Tool.text(folder.file("a.csv")) == "time,property\n1,é\n")
    #expect(agent.requests.first?.line == "GET /v1/devices/plant/a/history/export")
    let bad = try await Tool.edgectl([
      "history", "export", "plant/a", "-p", "bad", "--file", folder.file("b.csv"), "--socket",
      agent.socketPath,
    ])
    #expect(bad.status == 3)
    #expect(Tool.bytes(folder.file("b.csv")).isEmpty)
    let again = try await Tool.edgectl([
      "history", "export", "plant/a", "--file", folder.file("a.csv"), "--socket", agent.socketPath,
    ])
    #expect(again.status == 1)
    #expect(again.errors.contains("file exists"), "\(again.errors)")
  }
}
