// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// Events as lines, whose columns only ever grow.
struct EventTable {
  private let isWide: Bool
  private var table: Table
  private var hasHeader = false

  init(isWide: Bool) {
    self.isWide = isWide
    table = Table(
      ["TIME", "LEVEL", "KIND", "ACTION", "DEVICE", "BY"] + (isWide ? ["FROM"] : []) + ["TEXT"])
    table.widen(for: [.init("2026-11-24 09:30:00"), .init("warning"), .init("outcome")])
  }

  /// With the header before the first.
  mutating func text(of events: [JSON], on terminal: Terminal) -> String {
    let rows = events.map(cells)
    for row in rows { table.widen(for: row) }
    let header = hasHeader ? "" : table.headerLine(on: terminal)
    hasHeader = true
    return header + rows.map { table.line($0, on: terminal) }.joined()
  }

  mutating func line(of event: JSON, on terminal: Terminal) -> String {
    text(of: [event], on: terminal)
  }

  private func cells(of event: JSON) -> [Table.Cell] {
    let level = event["level"]?.string ?? "-"
    let place =
      (event["device"]?.string ?? "-") + (event["property"]?.string.map { " " + $0 } ?? "")
    let source = event["caller"]?["source"]?.string ?? "-"
    return [
      .init(Self.time(event["time"]?.string), .faint), .init(level, Self.color(of: level)),
      .init(event["kind"]?.string ?? "-"), .init(event["action"]?.string ?? "-"), .init(place),
      .init(event["caller"]?["name"]?.string ?? "-"),
    ] + (isWide ? [.init(source)] : []) + [.init(Self.text(of: event))]
  }

  /// The words, and what stood in the way where they do not say it.
  static func text(of event: JSON) -> String {
    let text = event["text"]?.string ?? ""
    guard let problem = event["problem"]?.string, !problem.isEmpty, !text.contains(problem) else {
      return text
    }
    return text.isEmpty ? problem : text + ": " + problem
  }

  static func color(of level: String) -> Terminal.Color? {
    switch level {
    case "warning": .yellow
    case "error": .red
    default: nil
    }
  }

  static func time(_ text: String?) -> String {
    guard let nanoseconds = text.flatMap(RFC3339.parse) else { return "-" }
    let time = LocalTime(nanoseconds / 1_000_000)
    return time.date + " " + time.second
  }
}
