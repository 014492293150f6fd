// SPDX-License-Identifier: Apache-2.0

/// Keeps a driver that logs in a loop from filling the log: 100 lines at once, 20 a second in the long run.
struct LogLimiter {
  enum Verdict: Equatable {
    case pass
    /// The first line after some were dropped.
    case passAfter(dropped: Int)
    case drop
  }

  static let burst = 100.0
  static let linesPerSecond = 20.0

  private var tokens = Self.burst
  private var last: Int64 = 0
  private var dropped = 0

  mutating func admit(at now: Int64) -> Verdict {
    tokens = min(Self.burst, tokens + Double(max(0, now - last)) * Self.linesPerSecond / 1e9)
    last = now
    guard tokens >= 1 else {
      dropped += 1
      return .drop
    }
    tokens -= 1
    defer { dropped = 0 }
    return dropped == 0 ? .pass : .passAfter(dropped: dropped)
  }
}
