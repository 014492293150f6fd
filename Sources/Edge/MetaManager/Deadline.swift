// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Times of the monotonic clock, nanoseconds.
enum Deadline {
  static var now: Int64 { WallClock.monotonic }

  /// What `poll` takes to wait until `deadline`: -1 for none, never too short by rounding.
  static func pollTimeout(until deadline: Int64?) -> Int32 {
    guard let deadline else { return -1 }
    return Int32(clamping: max(0, (deadline - now + 999_999) / 1_000_000))
  }
}
