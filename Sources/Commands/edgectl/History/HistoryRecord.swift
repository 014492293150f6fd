// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// What a property was, as the agent tells it: samples, or steps.
struct HistoryRecord {
  var document: JSON.Members
  var columns: [String]
  /// As the columns say; the first is Unix milliseconds.
  var rows: [[JSON]]

  init(_ json: JSON) {
    document = json.object ?? [:]
    columns = json["columns"]?.array?.compactMap(\.string) ?? []
    rows = json["rows"]?.array?.compactMap(\.array) ?? []
  }

  var type: String { document["type"]?.string ?? "" }
  var unit: String? { document["unit"]?.string }
  /// Unix milliseconds.
  var from: Int64 { document["from"]?.int ?? 0 }
  var to: Int64 { document["to"]?.int ?? 0 }
  /// Milliseconds; nil: samples.
  var step: Int64? { document["step"]?.int }
  /// Where the rest begins; nil: this is all.
  var next: Int64? { document["next"]?.int }

  mutating func append(_ other: HistoryRecord) {
    rows += other.rows
    document["next"] = other.document["next"]
  }

  /// With all rows.
  var whole: JSON {
    var members = document
    members["rows"] = .array(rows.map { .array($0) })
    return .object(members)
  }

  // MARK: - Asking

  /// - Parameters:
  ///   - step: milliseconds; nil: samples.
  ///   - limit: samples at most, over several answers.
  static func fetch(
    _ device: DeviceName, _ property: String, from: Int64, to: Int64, step: Int64?, limit: Int,
    _ client: AgentClient
  ) async throws(Failure) -> HistoryRecord {
    let path = ["v1", "devices", device.namespace, device.name, "properties", property, "history"]
    func page(from: Int64, limit: Int) async throws(Failure) -> HistoryRecord {
      var query = [
        ("from", "\(from)"), ("to", "\(to)"),
        ("limit", "\(step == nil ? min(limit, 10_000) : 10_000)"),
      ]
      if let step { query.append(("step", "\(step)ms")) }
      return HistoryRecord(
        try await client.send(.get, path, query: query, within: .seconds(60)).json)
    }
    var answer = try await page(from: from, limit: limit)
    while step == nil, let next = answer.next, answer.rows.count < limit {
      let more = try await page(from: next, limit: limit - answer.rows.count)
      // An agent that does not get on must not hold us for ever.
      guard !more.rows.isEmpty else { break }
      answer.append(more)
    }
    return answer
  }

  // MARK: - Reading rows

  func value(_ name: String, of row: [JSON]) -> JSON? {
    guard let index = columns.firstIndex(of: name), row.indices.contains(index) else { return nil }
    // A bare nil would be JSON's null.
    return row[index].isNull ? JSON?.none : row[index]
  }

  func number(_ name: String, of row: [JSON]) -> Double? {
    guard let value = value(name, of: row) else { return nil }
    return value.double ?? value.bool.map { $0 ? 1 : 0 }
  }

  func time(of row: [JSON]) -> Int64 { row.first?.int ?? 0 }

  /// Whether it can be drawn as a curve.
  var isNumeric: Bool { !["string", "bytes", "stream"].contains(type) }

  var points: [Plot.Point] {
    rows.map { row in
      if step == nil {
        let value = number("value", of: row)
        return .init(time: time(of: row), value: value, hasFailure: value == nil)
      }
      return .init(
        time: time(of: row), value: number("avg", of: row) ?? number("last", of: row),
        low: number("min", of: row), high: number("max", of: row),
        hasFailure: (value("failed", of: row)?.int ?? 0) > 0)
    }
  }

  struct Summary: Equatable {
    var count: Int64 = 0
    var failed: Int64 = 0
    var low: Double?
    var high: Double?
    var average: Double?
    var last: JSON?
  }

  var summary: Summary {
    var summary = Summary()
    var sum = 0.0
    var weight: Int64 = 0
    for row in rows {
      let isSample = step == nil
      let count =
        isSample ? (value("value", of: row) == nil ? 0 : 1) : value("count", of: row)?.int ?? 0
      summary.count += count
      summary.failed += isSample ? 1 - count : value("failed", of: row)?.int ?? 0
      if let last = value(isSample ? "value" : "last", of: row) { summary.last = last }
      if let low = number(isSample ? "value" : "min", of: row) {
        summary.low = min(summary.low ?? low, low)
      }
      if let high = number(isSample ? "value" : "max", of: row) {
        summary.high = max(summary.high ?? high, high)
      }
      if let average = number(isSample ? "value" : "avg", of: row) {
        sum += average * Double(count)
        weight += count
      }
    }
    if weight > 0 { summary.average = sum / Double(weight) }
    return summary
  }
}
