// SPDX-License-Identifier: Apache-2.0

/// How long to wait after a failure: doubling, with a tenth of jitter so that a thousand devices that failed
/// together do not come back together.
struct Backoff: Sendable {
  private let first: Int64
  private let longest: Int64
  private(set) var failures = 0

  init(milliseconds: ClosedRange<UInt32>) {
    first = Int64(milliseconds.lowerBound) * 1_000_000
    longest = Int64(milliseconds.upperBound) * 1_000_000
  }

  mutating func reset() { failures = 0 }

  /// Nanoseconds to wait now. `jitter` is in 0..<1.
  mutating func next(jitter: Double) -> Int64 {
    let doubled = failures < 40 ? first << Int64(min(failures, 40)) : longest
    failures += 1
    let base = Double(min(max(doubled, first), longest))
    return min(longest, Int64(base * (0.9 + 0.2 * jitter)))
  }
}
