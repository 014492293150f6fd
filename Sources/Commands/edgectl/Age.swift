// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc

/// Times as people want them in a table.
enum Age {
  /// How long ago a time (RFC 3339) was: `3s`, `5m`, `2h`, `4d`; `-` where there is none.
  static func text(since time: String?, now: Int64 = WallClock.system.nanoseconds) -> String {
    guard let time, let then = RFC3339.parse(time) else { return "-" }
    // The agent's clock and ours are the same, or differ by little: no age is below zero.
    let seconds = max(0, (now - then) / 1_000_000_000)
    switch seconds {
    case ..<120: return "\(seconds)s"
    case ..<7200: return "\(seconds / 60)m"
    case ..<172_800: return "\(seconds / 3600)h"
    default: return "\(seconds / 86_400)d"
    }
  }

  /// The local time of day, with milliseconds: `09:30:00.125`.
  static func timeOfDay(_ time: String?) -> String {
    guard let time, let nanoseconds = RFC3339.parse(time) else { return "-" }
    var seconds = time_t(nanoseconds / 1_000_000_000)
    var local = tm()
    guard localtime_r(&seconds, &local) != nil else { return "-" }
    let milliseconds = Int(nanoseconds / 1_000_000 % 1000)
    return pad(Int(local.tm_hour), 2) + ":" + pad(Int(local.tm_min), 2) + ":" + pad(Int(local.tm_sec), 2)
      + "."
      + pad(milliseconds, 3)
  }

  private static func pad(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
