// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Times of this place, for people.
struct LocalTime {
  private let time: tm
  private let milliseconds: Int64

  /// - Parameter milliseconds: Unix time.
  init(_ milliseconds: Int64) {
    self.milliseconds = ((milliseconds % 1000) + 1000) % 1000
    var seconds = time_t((milliseconds - self.milliseconds) / 1000)
    var time = tm()
    _ = localtime_r(&seconds, &time)
    self.time = time
  }

  /// `2026-11-24`
  var date: String {
    "\(time.tm_year + 1900)-" + Self.pad(time.tm_mon + 1, 2) + "-" + Self.pad(time.tm_mday, 2)
  }
  /// `11-24`
  var monthAndDay: String { Self.pad(time.tm_mon + 1, 2) + "-" + Self.pad(time.tm_mday, 2) }
  /// `09:30`
  var minute: String { Self.pad(time.tm_hour, 2) + ":" + Self.pad(time.tm_min, 2) }
  /// `09:30:00`
  var second: String { minute + ":" + Self.pad(time.tm_sec, 2) }
  /// `09:30:00.125`
  var millisecond: String { second + "." + Self.pad(Int32(milliseconds), 3) }

  private static func pad(_ value: Int32, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
