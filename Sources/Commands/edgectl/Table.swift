// SPDX-License-Identifier: Apache-2.0

/// Text in aligned columns, as kubectl prints it: two spaces between, nothing behind the last.
struct Table {
  struct Cell: ExpressibleByStringInterpolation, Equatable {
    let text: String
    let color: Terminal.Color?

    init(_ text: String, _ color: Terminal.Color? = nil) {
      // What a device sends must not move the cursor or break the line.
      self.text = String(
        String.UnicodeScalarView(text.unicodeScalars.map { Self.isControl($0) ? " " : $0 }))
      self.color = color
    }

    init(stringLiteral text: String) { self.init(text) }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.generalCategory == .control
        || scalar.properties.generalCategory == .lineSeparator
    }
  }

  private let header: [String]
  private var rows: [[Cell]] = []
  private var widths: [Int]

  init(_ header: [String]) {
    self.header = header
    widths = header.map(\.count)
  }

  mutating func add(_ row: [Cell]) {
    rows.append(row)
    widen(for: row)
  }

  /// Makes room for a row that is printed later.
  mutating func widen(for row: [Cell]) {
    for (column, cell) in row.enumerated() where column < widths.count {
      widths[column] = max(widths[column], cell.text.count)
    }
  }

  var isEmpty: Bool { rows.isEmpty }

  func text(on terminal: Terminal) -> String {
    rows.reduce(into: headerLine(on: terminal)) { $0 += line($1, on: terminal) }
  }

  func headerLine(on terminal: Terminal) -> String {
    line(header.map { Cell($0, .bold) }, on: terminal)
  }

  func line(_ row: [Cell], on terminal: Terminal) -> String {
    let last = row.lastIndex { !$0.text.isEmpty } ?? 0
    var line = ""
    for (column, cell) in row.enumerated() where column <= last {
      line += terminal.paint(cell.text, cell.text.isEmpty ? nil : cell.color)
      if column < last {
        line += String(repeating: " ", count: max(0, widths[column] - cell.text.count) + 2)
      }
    }
    return line + "\n"
  }
}
