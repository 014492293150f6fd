// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import DeviceAPI
internal import Threads

/// Runs lanes on threads of its own: as many as there are lanes in a call, up to 256.
///
/// One idle thread, the leader, sleeps until the next lane is due. It hands the lead to another before it runs
/// the lane itself, so that a poll costs no hop and a call that hangs delays its own lane only.
///
/// Sound as `@unchecked Sendable`: all state is under the monitor's lock.
final class LaneScheduler: @unchecked Sendable {
  static let maximumThreads = 256
  /// An idle thread beyond the leader ends after this.
  private static let idleLimit: Int64 = 2_000_000_000
  /// Idle threads that are kept, beside one for each four that are busy.
  private static let spareThreads = 4
  private static let leads = 0
  private static let follows = 1

  private let monitor = LaneLock(conditions: 2)
  private let board: OpaquePointer?
  private let ended: @Sendable (DeviceSession, Lane) -> Void

  private var heap = DueHeap()
  private var ready: [Lane] = []
  private var firstReady = 0
  private var hasLeader = false
  private var idle = 0
  private var threads = 0
  private var freeSlots: [Int] = (1...LaneScheduler.maximumThreads).reversed()
  private var isStopping = false
  private var isStarved = false
  private var isStarvationNew = false
  /// A thread that was just made and has not looked for work yet. It makes the next one if that is needed, so that a
  /// hundred lanes that are ready for a moment do not make a hundred threads.
  private var isStarting = false
  private let starved: @Sendable () -> Void

  /// - Parameters:
  ///   - ended: called on a lane's thread when a session is over.
  ///   - starved: called once when a lane has to wait for a thread.
  init(
    board: OpaquePointer?, ended: @escaping @Sendable (DeviceSession, Lane) -> Void,
    starved: @escaping @Sendable () -> Void
  ) {
    self.board = board
    self.ended = ended
    self.starved = starved
  }

  /// Hands a job to a lane. False: too many wait already (only for `isBounded` jobs), or the scheduler stops.
  @discardableResult
  func post(_ job: LaneJob, to lane: Lane, isBounded: Bool = false) -> Bool {
    let (isTaken, mustTell) = monitor.withLock { () -> (Bool, Bool) in
      guard !isStopping else { return (false, false) }
      if isBounded, lane.jobs.count - lane.firstJob >= Lane.maximumJobs { return (false, false) }
      lane.jobs.append(job)
      if lane.state == .idle {
        makeReady(lane)
        wakeOne()
      } else if threads == 0 {
        wakeOne()
      }
      return (true, takeStarvation())
    }
    if mustTell { starved() }
    return isTaken
  }

  /// Whether a lane has to wait for a thread, once: it is told of outside the lock.
  private func takeStarvation() -> Bool {
    defer { isStarvationNew = false }
    return isStarvationNew
  }

  /// Threads end once their lane is done; waits for them until `deadline`. False: some are still in a call.
  func stop(until deadline: Int64) -> Bool {
    monitor.withLock {
      isStopping = true
      monitor.broadcast(Self.leads)
      monitor.broadcast(Self.follows)
      while threads > 0 {
        if !monitor.wait(Self.follows, until: deadline), threads > 0 { return false }
      }
      return true
    }
  }

  // MARK: With the lock held

  private func makeReady(_ lane: Lane) {
    lane.state = .ready
    lane.ticket &+= 1
    ready.append(lane)
  }

  private func takeReady() -> Lane? {
    guard firstReady < ready.count else { return nil }
    let lane = ready[firstReady]
    firstReady += 1
    if firstReady == ready.count {
      ready.removeAll(keepingCapacity: true)
      firstReady = 0
    } else if firstReady > 64, firstReady * 2 > ready.count {
      ready.removeFirst(firstReady)
      firstReady = 0
    }
    return lane
  }

  /// Somebody must look at the ready queue and the heap.
  private func wakeOne() {
    if hasLeader {
      monitor.signal(Self.leads)
    } else if idle > 0 {
      monitor.signal(Self.follows)
    } else {
      spawn()
    }
  }

  private func spawn() {
    guard !isStarting else { return }
    guard threads < Self.maximumThreads, let slot = freeSlots.popLast() else {
      if !isStarved {
        isStarved = true
        isStarvationNew = true
      }
      return
    }
    do throws(WorkerThread.StartError) {
      // Drivers get a modest stack: 256 of them must not cost 2 GB of address space.
      _ = try WorkerThread("lane-\(slot)", stackBytes: 1 << 20) { [self] in work(slot: slot) }
      threads += 1
      isStarting = true
    } catch {
      freeSlots.append(slot)
    }
  }

  /// Takes the next lane to run, waiting for it as leader or follower; nil: the thread ends.
  private func next() -> Lane? {
    while !isStopping {
      if let lane = takeReady() { return lane }
      if hasLeader {
        // Woken in turn, no thread would ever be idle for long: what is more than a reserve ends at once.
        if idle >= Self.spareThreads + (threads - idle) / 4 { return nil }
        idle += 1
        let woken = monitor.wait(Self.follows, until: WallClock.monotonic + Self.idleLimit)
        idle -= 1
        if !woken, hasLeader, firstReady == ready.count { return nil }
        continue
      }
      let entry = heap.first()
      if let entry, entry.due <= WallClock.monotonic {
        heap.removeFirst()
        entry.lane.ticket &+= 1
        return entry.lane
      }
      hasLeader = true
      monitor.wait(Self.leads, until: entry?.due ?? WallClock.monotonic + Self.idleLimit)
      hasLeader = false
    }
    return takeReady()
  }

  // MARK: A thread

  private func work(slot: Int) {
    if let board { sv_board_take_slot(board, Int32(slot)) }
    monitor.lock()
    isStarting = false
    while let lane = next() {
      lane.state = .running
      if !hasLeader, !isStopping { wakeOne() }
      let mustTell = takeStarvation()
      monitor.unlock()
      if mustTell { starved() }
      let due = run(lane)
      monitor.lock()
      if lane.firstJob < lane.jobs.count {
        makeReady(lane)
      } else {
        lane.state = .idle
        if due < .max {
          lane.ticket &+= 1
          heap.push(.init(due: due, lane: lane, ticket: lane.ticket))
        }
      }
      // The leader may sleep for longer than this lane can wait.
      if hasLeader { monitor.signal(Self.leads) }
    }
    threads -= 1
    freeSlots.append(slot)
    if isStopping { monitor.broadcast(Self.follows) }
    monitor.unlock()
  }

  /// Runs jobs, then what is due, jobs first after each step. Returns when it is due again.
  private func run(_ lane: Lane) -> Int64 {
    while true {
      if let job = takeJob(lane) {
        if let over = lane.perform(job) { ended(over, lane) }
        continue
      }
      let due = lane.nextDue
      let now = WallClock.monotonic
      guard due <= now, !stopping else { return due }
      lane.runDue(now: now)
    }
  }

  private var stopping: Bool { monitor.withLock { isStopping } }

  private func takeJob(_ lane: Lane) -> LaneJob? {
    monitor.withLock {
      guard lane.firstJob < lane.jobs.count else {
        lane.jobs.removeAll(keepingCapacity: lane.jobs.capacity <= 64)
        lane.firstJob = 0
        return nil
      }
      let job = lane.jobs[lane.firstJob]
      lane.firstJob += 1
      // A lane that is never without a job must not keep all that it ever had.
      if lane.firstJob > 64, lane.firstJob * 2 > lane.jobs.count {
        lane.jobs.removeFirst(lane.firstJob)
        lane.firstJob = 0
      }
      return job
    }
  }
}
