// SPDX-License-Identifier: Apache-2.0
internal import Glibc
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
  /// Between looks whether a file that could not be opened for writing can be now; nanoseconds.
  private static let retryTime: Int64 = 5_000_000_000
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
  /// - Parameters:
  ///   - prepare: brings the tables up to date and reads them; may be called again on another file (`StoreFile`).
  ///   - onEvent: told on the writer's thread; must not wait for the writer.
  package func start<Loaded: Sendable>(
    path: String, prepare: @escaping @Sendable (Database) throws -> Loaded,
    onEvent: @escaping @Sendable (StoreEvent) -> Void = { _ in }
  ) async throws -> Loaded {
    try await withCheckedThrowingContinuation { continuation in
      do {
        _ = try WorkerThread("store-writer") { [self] in
          var failure: (any Error)?
          do {
            // This scope holds the only reference, so the file is closed before anybody hears of the end.
            let file = try StoreFile.open(path: path, prepare: prepare) { [self] event in
              note(event)
              onEvent(event)
            }
            continuation.resume(returning: file.loaded)
            run(on: file, onEvent)
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
    /// Time to look whether the file can be written again.
    case retry
    case end
  }

  private func run<Loaded>(on file: StoreFile<Loaded>, _ onEvent: (StoreEvent) -> Void) {
    if file.refusal == nil { file.database.preallocateLog(bytes: Self.preallocatedLogBytes) }
    var spare: [any WriteOperation] = []
    var retryAt: Int64?
    loop: while true {
      if file.refusal == nil { retryAt = nil } else if retryAt == nil { retryAt = Self.now + Self.retryTime }
      switch next(reusing: &spare, until: retryAt) {
      case .group(let group):
        write(group, to: file, onEvent)
        spare = group
        spare.removeAll(keepingCapacity: true)
      case .retry:
        retryAt = nil
        file.retry()
      case .end: break loop
      }
    }
    // Only to start faster next time: the log has it all.
    if file.refusal == nil { try? file.database.checkpoint() }
  }

  private func write<Loaded>(
    _ group: [any WriteOperation], to file: StoreFile<Loaded>, _ onEvent: (StoreEvent) -> Void
  ) {
    if let refusal = file.refusal {
      count(group.count, commits: 0, failures: UInt64(group.count))
      for operation in group { operation.finished(refusal, in: file.database) }
      return
    }
    let before = monitor.withLock { $0.statistics.problem }
    let problem = commit(group, in: file)
    monitor.withLock { $0.statistics.problem = problem?.message ?? "" }
    if let problem, before.isEmpty {
      onEvent(.unwritable(problem))
    } else if problem == nil, !before.isEmpty {
      onEvent(.writable(misses: false))
    }
    tidy(file.database)
  }

  /// CLOCK_MONOTONIC, nanoseconds.
  private static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  private func note(_ event: StoreEvent) {
    monitor.withLock { state in
      switch event {
      case .rebuilt: state.statistics.rebuilt += 1
      case .unwritable(let error): state.statistics.problem = error.message
      case .writable: state.statistics.problem = ""
      }
    }
  }

  private func next(reusing spare: inout [any WriteOperation], until deadline: Int64?) -> Work {
    monitor.wait(until: { _ in deadline }) { state in
      if state.queue.isEmpty {
        if state.isStopping { return .end }
        if let deadline, Self.now >= deadline { return .retry }
        return nil
      }
      let group = state.queue
      state.queue = []
      swap(&state.queue, &spare)
      return .group(group)
    }
  }

  /// - Returns: what kept the last of them from being written, where that was the disk's or the file's fault.
  private func commit<Loaded>(_ group: [any WriteOperation], in file: StoreFile<Loaded>) -> SQLiteError? {
    do throws(SQLiteError) {
      try apply(group, to: file)
      count(group.count, commits: 1, failures: 0)
      for operation in group { operation.finished(nil, in: file.database) }
      return nil
    } catch {
      guard group.count > 1 else {
        count(1, commits: 0, failures: 1)
        group[0].finished(error, in: file.database)
        return error.isOfDisk || error.isDamage ? error : nil
      }
      var problem: SQLiteError?
      for operation in group { problem = commit([operation], in: file) }
      return problem
    }
  }

  /// All of them in one transaction. A damaged file is replaced, and they are written to the new one.
  private func apply<Loaded>(_ group: [any WriteOperation], to file: StoreFile<Loaded>) throws(SQLiteError) {
    func apply() throws(SQLiteError) {
      let database = file.database
      try database.transaction { () throws(SQLiteError) in
        for operation in group { try operation.apply(to: database) }
      }
    }
    do throws(SQLiteError) {
      try apply()
    } catch {
      guard error.isDamage, file.repair(error) else { throw error }
      try apply()
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
