// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// History for people and for spreadsheets.
enum HistoryView {
  /// What is drawn, from when to when.
  static func title(
    _ device: DeviceName, _ property: String, _ answer: HistoryRecord, on terminal: Terminal
  )
    -> String
  {
    let from = LocalTime(answer.from)
    let to = LocalTime(answer.to)
    let end = from.date == to.date ? to.second : to.date + " " + to.second
    var text = terminal.paint("\(device) \(property)", .bold)
    if let unit = answer.unit { text += " in " + Table.Cell(unit).text }
    text += "  \(from.date) \(from.second) to \(end)"
    if let step = answer.step { text += ", steps of \(SpanText.text(step))" }
    return text + "\n"
  }

  static func summary(_ summary: HistoryRecord.Summary) -> String {
    var parts: [String] = []
    for (name, value) in [("min", summary.low), ("avg", summary.average), ("max", summary.high)] {
      if let value { parts.append("\(name) \(NumberText.short(value))") }
    }
    if let last = summary.last { parts.append("last " + number(last)) }
    parts.append("samples \(summary.count)")
    if summary.failed > 0 { parts.append("failed \(summary.failed)") }
    return parts.joined(separator: "   ") + "\n"
  }

  static func plot(
    _ answer: HistoryRecord, width: Int, height: Int, isASCII: Bool, on terminal: Terminal
  ) -> String {
    Plot(from: answer.from, to: answer.to, width: width, height: height, isASCII: isASCII)
      .text(answer.points, on: terminal)
  }

  static func table(_ answer: HistoryRecord, on terminal: Terminal) -> String {
    var table = Table(answer.columns.map { $0.uppercased() })
    for row in answer.rows {
      table.add(
        row.enumerated().map { column, value in
          if column == 0 { return .init(time(answer.time(of: row))) }
          if value.isNull { return "-" }
          let name = answer.columns.indices.contains(column) ? answer.columns[column] : ""
          if name == "quality", let quality = value.string {
            return .init(quality, TwinView.color(ofQuality: quality))
          }
          return .init(name == "value" ? TwinView.text(of: value) : number(value))
        })
    }
    return table.text(on: terminal)
  }

  /// As RFC 4180 has it; times as RFC 3339.
  static func csv(_ answer: HistoryRecord) -> String {
    var text = answer.columns.joined(separator: ",") + "\n"
    for row in answer.rows {
      var fields = [RFC3339.text(answer.time(of: row) * 1_000_000)]
      fields += row.dropFirst().map { $0.isNull ? "" : quoted(TwinView.text(of: $0)) }
      text += fields.joined(separator: ",") + "\n"
    }
    return text
  }

  private static func quoted(_ text: String) -> String {
    guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
    return "\"" + text.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
  }

  /// What is kept of a device.
  static func extents(_ items: [JSON], on terminal: Terminal) -> String {
    var table = Table(["PROPERTY", "FROM", "TO", "SAMPLES"])
    for item in items {
      func time(_ name: String) -> Table.Cell {
        .init((item[name]?.string.flatMap(RFC3339.parse)).map { self.time($0 / 1_000_000) } ?? "-")
      }
      table.add([
        .init(item["property"]?.string ?? ""), time("from"), time("to"),
        .init("\(item["samples"]?.int ?? 0)"),
      ])
    }
    return table.text(on: terminal)
  }

  private static func time(_ milliseconds: Int64) -> String {
    let time = LocalTime(milliseconds)
    return time.date + " " + time.millisecond
  }

  private static func number(_ value: JSON) -> String {
    if let whole = value.int { return "\(whole)" }
    return value.double.map(NumberText.short) ?? TwinView.text(of: value)
  }
}
