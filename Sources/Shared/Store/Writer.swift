// SPDX-License-Identifier: Apache-2.0
internal import Threads

/// The one thread that writes to a database, committing in groups.
///
/// It takes all that waits, writes it in one transaction with one sync, and then tells each operation. It
/// never waits for company: an idle writer takes an operation at once, and groups form by themselves while
/// a commit is under way. When one operation of a group fails, each runs in a transaction of its own, so
/// that only the bad one fails.
///
/// The queue is bounded: `submit` answers false when it is full, and the caller decides.
package final class Writer: Sendable {
  private struct State {
    var queue: [any WriteOperation] = []
    var isStopping = false
    var hasEnded = false
    var waitersForEnd: [CheckedContinuation<Void, Never>] = []
    var statistics = WriterStatistics()
  }

  /// Beyond this the log is brought home even under load: it stays near 4 MB.
  private static let logLimit = 1000
  /// With nothing to do, a log of this size is brought home.
  private static let idleLogLimit = 256
  /// As much of the log as is filled in advance: what a node with pauses ever uses. Under load it grows once.
  private static let preallocatedLogBytes = (idleLogLimit + 64) * 4120

  private let capacity: Int
  private let monitor = Monitor(State())

  package init(capacity: Int = 8192) { self.capacity = capacity }

  package var statistics: WriterStatistics {
    monitor.withLock { state in
      var statistics = state.statistics
      statistics.queueDepth = state.queue.count
      return statistics
    }
  }

  /// Starts the thread, which opens the database and runs `prepare` (migrations, loading) before all else.
  ///
  /// Suspends, so that the cooperative pool is not held up by the disk. Once it threw, the writer is over.
  package func start<Loaded: Sendable>(
    path: String, prepare: @escaping @Sendable (Database) throws -> Loaded
  ) async throws -> Loaded {
    try await withCheckedThrowingContinuation { continuation in
      do {
        _ = try WorkerThread("store-writer") { [self] in
          var failure: (any Error)?
          do {
            // This scope holds the only reference, so the file is closed before anybody hears of the end.
            let database = try Database(path: path)
            let loaded = try prepare(database)
            continuation.resume(returning: loaded)
            run(on: database)
          } catch {
            failure = error
          }
          end()
          if let failure { continuation.resume(throwing: failure) }
        }
      } catch {
        end()
        continuation.resume(throwing: error)
      }
    }
  }

  /// Queues an operation; false, with nothing done, when too many wait or the writer stops. Never blocks.
  package func submit(_ operation: any WriteOperation) -> Bool {
    let isAccepted = monitor.withLock { state in
      guard !state.isStopping, !state.hasEnded, state.queue.count < capacity else {
        state.statistics.dropped += 1
        return false
      }
      state.queue.append(operation)
      return true
    }
    if isAccepted { monitor.signal() }
    return isAccepted
  }

  /// Writes what was accepted, closes the database and returns.
  package func stop() async {
    await withCheckedContinuation { continuation in
      let hasEnded = monitor.withLock { state in
        state.isStopping = true
        if !state.hasEnded { state.waitersForEnd.append(continuation) }
        return state.hasEnded
      }
      if hasEnded { continuation.resume() } else { monitor.signal() }
    }
  }

  // MARK: The writer's thread

  private enum Work {
    case group([any WriteOperation])
    case end
  }

  private func run(on database: Database) {
    database.preallocateLog(bytes: Self.preallocatedLogBytes)
    var spare: [any WriteOperation] = []
    while case .group(let group) = next(reusing: &spare) {
      commit(group, in: database)
      tidy(database)
      spare = group
      spare.removeAll(keepingCapacity: true)
    }
    // Only to start faster next time: the log has it all.
    try? database.checkpoint()
  }

  private func next(reusing spare: inout [any WriteOperation]) -> Work {
    monitor.wait(until: { _ in nil }) { state in
      if state.queue.isEmpty { return state.isStopping ? .end : nil }
      let group = state.queue
      state.queue = []
      swap(&state.queue, &spare)
      return .group(group)
    }
  }

  private func commit(_ group: [any WriteOperation], in database: Database) {
    do throws(SQLiteError) {
      try database.transaction { () throws(SQLiteError) in
        for operation in group { try operation.apply(to: database) }
      }
      count(group.count, commits: 1, failures: 0)
      for operation in group { operation.finished(nil, in: database) }
    } catch {
      guard group.count > 1 else {
        count(1, commits: 0, failures: 1)
        group[0].finished(error, in: database)
        return
      }
      for operation in group { commitAlone(operation, in: database) }
    }
  }

  private func commitAlone(_ operation: any WriteOperation, in database: Database) {
    do throws(SQLiteError) {
      try database.transaction { () throws(SQLiteError) in try operation.apply(to: database) }
      count(1, commits: 1, failures: 0)
      operation.finished(nil, in: database)
    } catch {
      count(1, commits: 0, failures: 1)
      operation.finished(error, in: database)
    }
  }

  private func count(_ operations: Int, commits: UInt64, failures: UInt64) {
    monitor.withLock { state in
      state.statistics.operations += UInt64(operations)
      state.statistics.commits += commits
      state.statistics.failures += failures
      if operations > state.statistics.largestGroup { state.statistics.largestGroup = operations }
    }
  }

  /// After the answers went out, never before: the checkpoint's syncs are nobody's wait.
  private func tidy(_ database: Database) {
    let pages = database.pagesInLog
    guard pages > Self.idleLogLimit else { return }
    guard pages > Self.logLimit || monitor.withLock({ $0.queue.isEmpty }) else { return }
    // A checkpoint that fails is tried again after the next commit; the log keeps everything.
    guard (try? database.checkpoint()) != nil else { return }
    monitor.withLock { $0.statistics.checkpoints += 1 }
  }

  private func end() {
    let waiters = monitor.withLock { state in
      state.hasEnded = true
      defer { state.waitersForEnd = [] }
      return state.waitersForEnd
    }
    for waiter in waiters { waiter.resume() }
  }
}
