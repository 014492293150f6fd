// SPDX-License-Identifier: Apache-2.0

/// The points of one device that are read together, and when.
///
/// Only the thread that runs the device's lane touches it.
final class PollGroup {
  let cycle: Int64
  let points: [UInt32]
  /// Monotonic nanoseconds.
  private(set) var due: Int64 = 0
  /// What the last reading of the group left: points without a value, and the first one's words.
  var failures = ReadFailures()
  /// The grid that `due` lies on, so that phases stay apart.
  private var phase: Int64 = 0

  init(cycleMilliseconds: UInt32, points: [UInt32]) {
    cycle = Int64(cycleMilliseconds) * 1_000_000
    self.points = points
  }

  /// Starts the schedule: a first read soon, or at once, then on a grid of its own. `fraction` (0..<1) spreads
  /// devices.
  func start(at now: Int64, fraction: Double, atOnce: Bool = false) {
    due = atOnce ? now : now + Int64(Double(min(cycle, 100_000_000)) * fraction)
    phase = now + Int64(Double(cycle) * fraction)
  }

  /// The next time on the grid after a read that was due and is done now.
  ///
  /// - Returns: cycles that went by without a read.
  func advance(now: Int64) -> UInt64 {
    // A probe came before its time and changes nothing of the schedule.
    if due > now { return 0 }
    let next = nextOnGrid(after: due)
    guard next <= now else {
      due = next
      return 0
    }
    let later = nextOnGrid(after: now)
    let missed = UInt64((later - next) / cycle)
    due = later
    return missed
  }

  /// Goes on after a pause; what fell into it was not due.
  func resume(now: Int64) {
    if due <= now { due = nextOnGrid(after: now) }
  }

  /// The device is back: read at once, then on the grid.
  func bringForward(to now: Int64) { due = min(due, now) }

  private func nextOnGrid(after time: Int64) -> Int64 {
    guard time >= phase else { return phase }
    return phase + ((time - phase) / cycle + 1) * cycle
  }
}
