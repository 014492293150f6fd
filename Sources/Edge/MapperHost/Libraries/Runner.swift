// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine
internal import Threads

/// One content of a library and the process that runs it, over its restarts. Belongs to the host's thread.
final class Runner {
  let number: Int
  let place: LibraryPlace
  let snapshot: Snapshot
  var supervision: Supervision
  /// Nil while no process runs.
  var link: RunnerLink?
  var processID: Int32 = 0
  private var thread: WorkerThread?
  /// Counts processes, so that what an earlier one said late is known.
  private(set) var generation = 0
  /// What the library said when it was last loaded; kept while it is away, since its devices wait for it.
  private(set) var library: LibraryReport?
  private(set) var drivers: [String: LoadedDriver] = [:]
  /// Sessions that its process still has.
  var sessions: Set<UInt32> = []
  var sessionIDs = SessionIDs()
  /// It has been replaced or its file is gone: it stops when its last session has ended.
  var isRetired = false
  var isStopping = false
  /// Unix nanoseconds.
  var startTime: Int64 = 0
  var lastFaultTime: Int64 = 0
  /// Of the processes before the one that runs now: what operators see must not fall back.
  private(set) var earlierCounters = MapperReport.Counters()

  init(number: Int, place: LibraryPlace, snapshot: Snapshot, limits: Supervision.Limits) {
    self.number = number
    self.place = place
    self.snapshot = snapshot
    supervision = Supervision(limits: limits)
  }

  /// Whether it can take devices now.
  var isServing: Bool {
    if case .running = supervision.state { link != nil && !isStopping } else { false }
  }

  /// Whether nobody can know yet which drivers it has.
  var isUndecided: Bool {
    switch supervision.state {
    case .idle, .starting, .waiting: !supervision.hasLoaded
    case .running, .refused, .stopped: false
    }
  }

  var isRefused: Bool { supervision.state == .refused }

  func beginProcess() -> Int {
    generation += 1
    sessions = []
    sessionIDs = SessionIDs()
    return generation
  }

  func started(_ link: RunnerLink, processID: Int32, thread: WorkerThread) {
    self.link = link
    self.processID = processID
    self.thread = thread
    startTime = WallClock.system.nanoseconds
  }

  func loaded(_ report: LibraryReport, now: Int64) {
    supervision.loaded(now: now)
    library = report
    drivers = [:]
    // Of two drivers with one id in a library the first counts.
    for driver in report.drivers where drivers[driver.id] == nil { drivers[driver.id] = LoadedDriver(driver) }
  }

  /// The process is gone: its thread too, in a moment.
  func processEnded() {
    thread?.join()
    thread = nil
    if let link { earlierCounters = link.counters.value(newerThan: 0, until: 0).adding(earlierCounters) }
    link = nil
    processID = 0
    sessions = []
    isStopping = false
  }

  /// A library that is refused after it was good drives nothing.
  func forgetDrivers() { drivers = [:] }
}
