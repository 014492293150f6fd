// SPDX-License-Identifier: Apache-2.0

/// A curve over time in characters: each holds two by four dots of Unicode's braille patterns, or, in ASCII, one.
struct Plot {
  struct Point {
    /// Unix milliseconds.
    var time: Int64
    /// Nil where nothing could be read.
    var value: Double?
    /// What was between this point and the next.
    var low: Double?
    var high: Double?
    /// Something could not be read.
    var hasFailure = false
  }

  let from: Int64
  let to: Int64
  /// Of the whole plot, with its labels.
  let width: Int
  /// Of the curve alone.
  let height: Int
  let isASCII: Bool

  private var dotsAcross: Int { isASCII ? 1 : 2 }
  private var dotsDown: Int { isASCII ? 1 : 4 }

  /// How many values side by side it can show.
  static func resolution(width: Int, isASCII: Bool) -> Int {
    max(10, width - 12) * (isASCII ? 1 : 2)
  }

  func text(_ points: [Point], on terminal: Terminal) -> String {
    let values = points.flatMap { [$0.value, $0.low, $0.high].compactMap { $0 } }.filter(\.isFinite)
    guard let low = values.min(), let high = values.max() else { return "" }
    let scale = PlotScale(low: low, high: high, count: max(2, height / 3))
    let labelWidth = min(scale.marks.map(\.text.count).max() ?? 1, width / 3)
    let columns = max(8, width - labelWidth - 3)
    let cells = draw(points, scale, columns: columns)
    var labels: [Int: String] = [:]
    for mark in scale.marks { labels[row(of: mark.value, scale) / dotsDown] = mark.text }
    var text = ""
    for row in 0..<height {
      let label = String((labels[row] ?? "").suffix(labelWidth))
      let axis = labels[row] == nil ? (isASCII ? "|" : "│") : (isASCII ? "+" : "┤")
      text += String(repeating: " ", count: labelWidth - label.count) + label + " " + axis
      var line = String(cells[row])
      while line.last == " " || line.last == "\u{2800}" { line.removeLast() }
      text += terminal.paint(line, line.isEmpty ? nil : .cyan) + "\n"
    }
    return text + axis(points, columns: columns, indent: labelWidth + 1, on: terminal)
  }

  // MARK: - Dots

  /// Counted from above.
  private func row(of value: Double, _ scale: PlotScale) -> Int {
    let dots = height * dotsDown
    let share = (value - scale.low) / (scale.high - scale.low)
    return min(max(Int(((1 - share) * Double(dots - 1)).rounded()), 0), dots - 1)
  }

  private func column(of time: Int64, columns: Int) -> Int {
    let dots = columns * dotsAcross
    let share = Double(time - from) / Double(max(1, to - from))
    return min(max(Int(share * Double(dots - 1)), 0), dots - 1)
  }

  private func draw(_ points: [Point], _ scale: PlotScale, columns: Int) -> [[Character]] {
    let across = columns * dotsAcross
    var dots = [[Bool]](
      repeating: [Bool](repeating: false, count: across), count: height * dotsDown)
    func fill(_ column: Int, _ first: Int, _ last: Int) {
      for row in min(first, last)...max(first, last) { dots[row][column] = true }
    }
    let farthest = farthestNeighbours(points)
    var before: (column: Int, row: Int, time: Int64)?
    for point in points {
      guard let value = point.value, value.isFinite else {
        before = nil
        continue
      }
      let column = column(of: point.time, columns: columns)
      let row = row(of: value, scale)
      fill(column, row, row)
      if let low = point.low, let high = point.high, low.isFinite, high.isFinite {
        fill(column, self.row(of: low, scale), self.row(of: high, scale))
      }
      if let before, point.time - before.time <= farthest {
        // A line to it; each column goes on from the row of the one before.
        var last = before.row
        for between in stride(from: before.column + 1, through: column, by: 1) {
          let share = Double(between - before.column) / Double(column - before.column)
          let next = before.row + Int((share * Double(row - before.row)).rounded())
          fill(between, last + (next > last ? 1 : next < last ? -1 : 0), next)
          last = next
        }
      }
      before = (column, row, point.time)
    }
    return (0..<height).map { row in (0..<columns).map { cell(dots, row: row, column: $0) } }
  }

  /// Points farther apart than this have nothing between them: the device was away, not slow.
  private func farthestNeighbours(_ points: [Point]) -> Int64 {
    let distances = zip(points, points.dropFirst()).map { $1.time - $0.time }.sorted()
    guard !distances.isEmpty else { return .max }
    return max(distances[distances.count / 2] * 5, (to - from) / 50)
  }

  private func cell(_ dots: [[Bool]], row: Int, column: Int) -> Character {
    if isASCII { return dots[row][column] ? "*" : " " }
    // The bits of a braille pattern: down the left side, down the right one, then the two below.
    let bits: [[UInt32]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
    var pattern: UInt32 = 0
    for down in 0..<4 {
      for across in 0..<2 where dots[row * 4 + down][column * 2 + across] {
        pattern |= bits[down][across]
      }
    }
    guard pattern != 0, let scalar = Unicode.Scalar(0x2800 + pattern) else { return " " }
    return Character(scalar)
  }

  // MARK: - The axis of time

  private func axis(_ points: [Point], columns: Int, indent: Int, on terminal: Terminal) -> String {
    let times = PlotTimes(from: from, to: to, width: columns)
    var line = [Character](repeating: isASCII ? "-" : "─", count: columns)
    var labels = [Character](repeating: " ", count: columns + indent + 1)
    var free = 0
    for mark in times.marks {
      let column = column(of: mark.time, columns: columns) / dotsAcross
      line[column] = isASCII ? "+" : "┬"
      let middle = indent + 1 + column - mark.text.count / 2
      let start = min(max(0, middle), labels.count - mark.text.count)
      guard start >= free else { continue }
      labels.replaceSubrange(start..<start + mark.text.count, with: Array(mark.text))
      free = start + mark.text.count + 2
    }
    let failed = Set(
      points.filter(\.hasFailure).map { column(of: $0.time, columns: columns) / dotsAcross })
    var text = String(repeating: " ", count: indent) + (isASCII ? "+" : "└")
    for (column, character) in line.enumerated() {
      text +=
        failed.contains(column) ? terminal.paint(isASCII ? "x" : "×", .red) : String(character)
    }
    while labels.last == " " { labels.removeLast() }
    return text + "\n" + String(labels) + "\n"
  }
}
