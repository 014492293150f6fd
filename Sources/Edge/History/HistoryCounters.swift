// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// What is counted on any thread.
final class HistoryCounters: Sendable {
  let samples = Atomic<UInt64>(0)
  let dropped = Atomic<UInt64>(0)
  let oversized = Atomic<UInt64>(0)
  let queries = Atomic<UInt64>(0)
  let refusedQueries = Atomic<UInt64>(0)
  /// Bytes in memory: open blocks and those that wait for the disk.
  let held = Atomic<Int>(0)
  /// Bytes of blocks that wait for the disk.
  let waiting = Atomic<Int>(0)
  /// The part that the worker alone counts, as of its last look.
  let worker = Mutex(HistoryStatistics())

  var statistics: HistoryStatistics {
    var statistics = worker.withLock { $0 }
    statistics.samples = samples.load(ordering: .relaxed)
    statistics.dropped = dropped.load(ordering: .relaxed)
    statistics.oversized = oversized.load(ordering: .relaxed)
    statistics.queries = queries.load(ordering: .relaxed)
    statistics.refusedQueries = refusedQueries.load(ordering: .relaxed)
    statistics.memoryBytes = held.load(ordering: .relaxed)
    return statistics
  }
}
