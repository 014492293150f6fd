// SPDX-License-Identifier: Apache-2.0

/// How many messages may be replayed now, so that a long outage does not come back as one burst.
struct ReplayPace {
  /// Messages a second; 0: no limit.
  private let rate: Int
  private var credit = 0
  private var last: Int?

  init(rate: Int) { self.rate = rate }

  /// - Parameter now: milliseconds of the monotonic clock.
  mutating func available(now: Int) -> Int {
    guard rate > 0 else { return .max }
    let start = last ?? now - 100
    let earned = min(max(now - start, 0), 1_000) * rate / 1_000
    // Time that earned nothing yet is not forgotten; what is saved up is a tenth of a second's worth.
    if earned > 0 {
      credit = min(credit + earned, max(rate / 10, 1))
      last = now
    } else if last == nil {
      last = start
    }
    return credit
  }

  mutating func use(_ count: Int) { if rate > 0 { credit -= count } }

  /// Milliseconds until a message may go.
  func wait(now: Int) -> Int {
    guard rate > 0, credit <= 0 else { return 0 }
    return max(1_000 / rate, 10)
  }
}
