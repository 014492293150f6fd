// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Threads

/// Events on their way to the disk. Bounded: one that finds no room is counted and stays in memory only.
final class WriteQueue: Sendable {
  enum Work {
    case write([LoggedEvent])
    /// The time that was waited for has come.
    case time
    case end
  }

  private struct State {
    var waiting: [LoggedEvent] = []
    var isClosed = false
    var deadline: Int64?
    var statistics = JournalStatistics()
  }

  private let capacity: Int
  private let monitor = Monitor(State())

  init(capacity: Int) { self.capacity = capacity }

  func append(_ event: LoggedEvent) {
    monitor.withLock { state in
      if state.waiting.count < capacity, !state.isClosed {
        state.waiting.append(event)
      } else {
        state.statistics.dropped += 1
      }
    }
    monitor.signal()
  }

  var isClosed: Bool { monitor.withLock { $0.isClosed } }

  func close() {
    monitor.withLock { $0.isClosed = true }
    monitor.signal()
  }

  /// Waits for events, or until the deadline (monotonic nanoseconds; nil: none). The events stay in the queue until
  /// `done`, so that those of a failing disk count as waiting.
  /// - Parameter isBlocked: no events now, since the disk failed a moment ago.
  func take(until deadline: Int64?, isBlocked: Bool) -> Work {
    monitor.withLock { $0.deadline = deadline }
    return monitor.wait(until: { $0.deadline }) { state in
      if !state.waiting.isEmpty, !isBlocked || state.isClosed { return .write(state.waiting) }
      if state.isClosed { return .end }
      if let deadline = state.deadline, WallClock.monotonic >= deadline { return .time }
      return nil
    }
  }

  /// Takes the first `count` out of the queue.
  func done(_ count: Int) {
    monitor.withLock { state in
      state.waiting.removeFirst(min(count, state.waiting.count))
      state.statistics.written += UInt64(count)
      state.statistics.problem = ""
    }
  }

  /// The agent ends and the disk takes nothing.
  func giveUp() {
    monitor.withLock { state in
      state.statistics.dropped += UInt64(state.waiting.count)
      state.waiting = []
    }
  }

  func synced() { monitor.withLock { $0.statistics.syncs += 1 } }

  func failed(_ problem: String) {
    monitor.withLock { state in
      state.statistics.failures += 1
      state.statistics.problem = problem
    }
  }

  var statistics: JournalStatistics {
    monitor.withLock { state in
      var statistics = state.statistics
      statistics.queueDepth = state.waiting.count
      statistics.queueCapacity = capacity
      return statistics
    }
  }
}
