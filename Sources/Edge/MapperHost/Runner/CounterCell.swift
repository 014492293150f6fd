// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Threads

/// The last counters that a runner told, and waiting for newer ones.
final class CounterCell: Sendable {
  private struct State {
    var counters = MapperReport.Counters()
    /// Monotonic nanoseconds; 0: never.
    var time: Int64 = 0
    var isClosed = false
  }

  private let state = Monitor(State())

  func set(_ counters: MapperReport.Counters) {
    state.withLock { state in
      state.counters = counters
      state.time = WallClock.monotonic
    }
    // One after the other: each that waits passes it on.
    state.signal()
  }

  /// No newer ones will come.
  func close() {
    state.withLock { $0.isClosed = true }
    state.signal()
  }

  func isOlder(than time: Int64) -> Bool { state.withLock { !$0.isClosed && $0.time < time } }

  /// The counters, newer than `time` if those come before `deadline` (monotonic nanoseconds).
  func value(newerThan time: Int64, until deadline: Int64) -> MapperReport.Counters {
    let counters = state.wait(until: { _ in deadline }) { state -> MapperReport.Counters? in
      let isDone = state.isClosed || state.time >= time || WallClock.monotonic >= deadline
      return isDone ? state.counters : nil
    }
    state.signal()
    return counters
  }
}
