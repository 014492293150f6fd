// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

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
    return LocalTime(nanoseconds / 1_000_000).millisecond
  }
}
