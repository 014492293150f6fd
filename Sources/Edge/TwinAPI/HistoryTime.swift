// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// A time of a history's query: RFC 3339, Unix milliseconds, or before now.
enum HistoryTime {
  private static let expected =
    "a time such as 2026-11-24T09:30:00Z, Unix milliseconds, or one before now such as -90s or -2h"
  /// The farthest that RFC 3339 and nanoseconds reach.
  private static let milliseconds: ClosedRange<Int64> = -9_223_372_036_854...9_223_372_036_854

  /// Unix milliseconds; nil where the parameter is absent.
  /// - Parameter now: Unix milliseconds.
  static func read(_ name: String, of query: Query, now: Int64) throws(Problem) -> Int64? {
    guard let text = try query.value(name) else { return nil }
    if text == "now" { return now }
    if let nanoseconds = RFC3339.parse(text) {
      let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
      return remainder < 0 ? quotient - 1 : quotient
    }
    if let number = Int64(text), milliseconds.contains(number) { return number }
    if text.hasPrefix("-"), let back = Duration(parsing: text.dropFirst()) { return now - back.milliseconds }
    throw Query.problem("\(name)=\(text)", expected: expected)
  }
}

extension Duration {
  /// Whole ones.
  var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
