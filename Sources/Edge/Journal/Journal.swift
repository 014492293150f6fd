// SPDX-License-Identifier: Apache-2.0
package import Beehive
package import DeviceAPI
internal import JSON
package import Logging
internal import Synchronization
internal import Threads

/// The log of events: what people and programs asked for, what came of it, and what broke.
///
/// The newest are in memory, for the API; all go to files of JSON lines, for a week later and for other tools. One thread
/// writes them; a change that somebody asked for is synced within a second, together with its neighbours. When the disk
/// fails, memory goes on, and what waits is written once the disk is back.
package final class Journal: Module, EventRecorder, EventService {
  package let name = "journal"

  /// Before `start` the numbering is not known: what comes then waits here, the first of them.
  private static let earlyLimit = 256
  /// Above this, further followers get their answer at once, empty.
  private static let followerLimit = 4096

  private struct Follower {
    let after: UInt64
    let filter: EventFilter
    let limit: Int
    let continuation: CheckedContinuation<(events: [LoggedEvent], missed: UInt64), Never>
  }

  private struct State {
    var ring = EventRing(capacity: 0)
    var isOpen = false
    var isClosed = false
    var early: [(time: Int64, record: EventRecord)] = []
    var newest: UInt64 = 0
    var followers: [Int: Follower] = [:]
    var lastFollower = 0
    var recorded: UInt64 = 0
    var droppedEarly: UInt64 = 0
  }

  private let options: JournalOptions
  private let clock: WallClock
  private let log: Logger
  private let state: Mutex<State>
  private let queue: WriteQueue
  private let thread = Mutex<WorkerThread?>(nil)

  package init(_ options: JournalOptions, clock: WallClock = .system, log: Logger) {
    self.options = options
    self.clock = clock
    self.log = log
    queue = WriteQueue(capacity: options.queue)
    var state = State()
    state.ring = EventRing(capacity: options.kept)
    self.state = Mutex(state)
  }

  // MARK: - Life

  /// Reads what the files hold of before. A folder that cannot be used is no reason not to start.
  package func start() async throws {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      do throws(WorkerThread.StartError) {
        let thread = try WorkerThread("journal") { [self] in
          var files: EventFiles?
          if let folder = options.folder {
            var opened = EventFiles(folder: folder, options: options)
            open(opened.load(limit: options.kept))
            files = opened
          } else {
            open(([], 0))
          }
          continuation.resume()
          JournalWriter(files: files, queue: queue, options: options, log: log).run()
        }
        self.thread.withLock { $0 = thread }
      } catch {
        log.error("the log of events is kept in memory only: \(error)", metadata: ["module": "journal"])
        open(([], 0))
        continuation.resume()
      }
    }
  }

  /// Writes what waits; a disk that hangs is waited for by nobody, since the module's stop has its limit.
  package func stop() async {
    let followers = state.withLock { state in
      state.isClosed = true
      defer { state.followers = [:] }
      return state.followers.values.map(\.continuation)
    }
    for follower in followers { follower.resume(returning: ([], 0)) }
    queue.close()
    let thread = thread.withLock { $0.take() }
    guard let thread else { return }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      // Joining blocks, and the pool's threads must not.
      let joiner = try? WorkerThread("journal-stop") {
        thread.join()
        continuation.resume()
      }
      if joiner == nil { continuation.resume() }
    }
  }

  private func open(_ before: (events: [LoggedEvent], newest: UInt64)) {
    let early = state.withLock { state in
      for event in before.events { state.ring.append(event) }
      state.newest = before.newest
      state.isOpen = true
      defer { state.early = [] }
      return state.early
    }
    for (time, record) in early { keep(record, at: time) }
  }

  // MARK: - Recording

  package func record(_ event: EventRecord) { keep(event.shortened(), at: clock.nanoseconds) }

  private func keep(_ record: EventRecord, at time: Int64) {
    var ready: [(Follower, [LoggedEvent], UInt64)] = []
    state.withLock { state in
      guard state.isOpen else {
        if state.early.count < Self.earlyLimit {
          state.early.append((time, record))
        } else {
          state.droppedEarly += 1
        }
        return
      }
      state.newest += 1
      state.recorded += 1
      let event = LoggedEvent(id: state.newest, time: time, record: record)
      state.ring.append(event)
      // In the order of the numbers, so within the lock; the queue only copies.
      queue.append(event)
      for (number, follower) in state.followers where follower.filter.takes(record) {
        let (events, missed) = state.ring.after(follower.after, follower.filter, limit: follower.limit)
        ready.append((follower, events, missed))
        state.followers[number] = nil
      }
    }
    for (follower, events, missed) in ready {
      follower.continuation.resume(returning: (events: events, missed: missed))
    }
  }

  // MARK: - Reading

  package var newest: UInt64 { state.withLock { $0.newest } }

  package func events(_ filter: EventFilter, before: UInt64?, limit: Int) -> [LoggedEvent] {
    state.withLock { $0.ring.before(before, filter, limit: limit) }
  }

  package func next(after id: UInt64, _ filter: EventFilter, limit: Int) async -> (
    events: [LoggedEvent], missed: UInt64
  ) {
    let number = state.withLock { state in
      state.lastFollower += 1
      return state.lastFollower
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { state -> (events: [LoggedEvent], missed: UInt64)? in
          let (events, missed) = state.ring.after(id, filter, limit: limit)
          guard events.isEmpty, !state.isClosed, state.followers.count < Self.followerLimit,
            !Task.isCancelled
          else {
            return (events, missed)
          }
          state.followers[number] = Follower(
            after: id, filter: filter, limit: limit, continuation: continuation)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let follower = state.withLock { $0.followers.removeValue(forKey: number) }
      follower?.continuation.resume(returning: (events: [], missed: 0))
    }
  }

  package var statistics: JournalStatistics {
    var statistics = queue.statistics
    state.withLock { state in
      statistics.recorded = state.recorded
      statistics.kept = state.ring.count
      statistics.followers = state.followers.count
      statistics.dropped += state.droppedEarly
    }
    return statistics
  }
}
