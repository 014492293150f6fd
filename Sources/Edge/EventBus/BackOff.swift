// SPDX-License-Identifier: Apache-2.0

/// Growing waits between tries, each spread by a fifth so that many nodes do not try at one moment.
struct BackOff {
  private let first: Int
  private let limit: Int
  private var current: Int

  /// Milliseconds.
  init(first: Int, limit: Int) {
    self.first = first
    self.limit = limit
    current = first
  }

  mutating func reset() { current = first }

  /// Milliseconds to wait before the next try.
  mutating func next() -> Int {
    let wait = current
    current = min(current * 2, limit)
    return wait + Int.random(in: -wait / 5...wait / 5)
  }
}
