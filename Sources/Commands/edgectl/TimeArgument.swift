// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc

/// A moment as people write it.
enum TimeArgument {
  static let expected =
    "-90s, -15m, -1h, -2d or -1w before now, now, 09:30 or 2026-11-24 09:30 in local time, RFC 3339, or Unix "
    + "milliseconds"

  /// Unix milliseconds.
  /// - Parameter now: Unix milliseconds.
  static func parse(_ text: String, now: Int64 = WallClock.system.milliseconds) -> Int64? {
    if text == "now" { return now }
    if text.hasPrefix("-") { return span(String(text.dropFirst())).map { now - $0 } }
    if let time = RFC3339.parse(text) { return time / 1_000_000 }
    if text.utf8.count >= 11, let milliseconds = Int64(text) { return milliseconds }
    return local(text, now: now)
  }

  /// Milliseconds of `90s`, `15m`, `1.5h`, `2d`, `1w`.
  static func span(_ text: String) -> Int64? {
    for (unit, hours) in [("d", 24.0), ("w", 168.0)] where text.hasSuffix(unit) {
      guard let hoursText = Double(text.dropLast()).map({ "\($0 * hours)h" }) else { return nil }
      return span(hoursText)
    }
    guard let duration = Duration(parsing: text) else { return nil }
    let (seconds, attoseconds) = duration.components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }

  /// `HH:MM[:SS]` of today, `YYYY-MM-DD`, or both with a blank or T between.
  private static func local(_ text: String, now: Int64) -> Int64? {
    let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" })
    guard (1...2).contains(parts.count) else { return nil }
    var time = tm()
    var today = time_t(now / 1000)
    guard localtime_r(&today, &time) != nil else { return nil }
    time.tm_hour = 0
    time.tm_min = 0
    time.tm_sec = 0
    let hasDate = parts[0].contains("-")
    if hasDate {
      guard let date = numbers(parts[0], "-"), date.count == 3, (1970...2200).contains(date[0]),
        (1...12).contains(date[1]), (1...31).contains(date[2])
      else { return nil }
      time.tm_year = date[0] - 1900
      time.tm_mon = date[1] - 1
      time.tm_mday = date[2]
    }
    if parts.count == 2 || !hasDate {
      guard hasDate || parts.count == 1, let last = parts.last, let clock = numbers(last, ":"),
        (2...3).contains(clock.count), clock[0] < 24, clock[1] < 60,
        clock.count == 2 || clock[2] < 60
      else { return nil }
      time.tm_hour = clock[0]
      time.tm_min = clock[1]
      time.tm_sec = clock.count == 3 ? clock[2] : 0
    }
    // The system finds out whether it is summer there and then.
    time.tm_isdst = -1
    let day = time.tm_mday
    let seconds = mktime(&time)
    return time.tm_mday == day ? Int64(seconds) * 1000 : nil
  }

  private static func numbers(_ text: Substring, _ separator: Character) -> [Int32]? {
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    let numbers = parts.compactMap { part in
      part.utf8.allSatisfy { (48...57).contains($0) } ? Int32(part) : nil
    }
    return numbers.count == parts.count ? numbers : nil
  }
}

/// Spans as people read them.
enum SpanText {
  /// `250ms`, `10s`, `1.5m`, `2h`, `3d`: at most one decimal.
  static func text(_ milliseconds: Int64) -> String {
    let units: [(Int64, String)] = [
      (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"),
    ]
    guard let (size, unit) = units.first(where: { milliseconds >= $0.0 }) else {
      return "\(milliseconds)ms"
    }
    let tenths = (milliseconds * 10 + size / 2) / size
    return tenths % 10 == 0 || tenths >= 1000
      ? "\(tenths / 10)\(unit)" : "\(tenths / 10).\(tenths % 10)\(unit)"
  }
}
