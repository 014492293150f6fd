// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine
internal import Threads

/// One content of a library and what runs it, over its restarts: a process, or an engine in this one after a process has
/// tried the library. Belongs to the host's thread.
final class Runner {
  let number: Int
  let place: LibraryPlace
  let snapshot: Snapshot
  let isolation: MapperReport.Isolation
  var supervision: Supervision
  /// Nil while no engine runs.
  var link: (any EngineLink)?
  private(set) var processID: Int32 = 0
  private var thread: WorkerThread?
  /// Of a library that is to run in process: a process has loaded it and has ended well.
  var isTried = false
  /// The process that tries the library has loaded it.
  var trialHasLoaded = false
  /// Counts engines, so that what an earlier one said late is known.
  private(set) var generation = 0
  /// What the library said when it was last loaded; kept while it is away, since its devices wait for it.
  private(set) var library: LibraryReport?
  private(set) var drivers: [String: LoadedDriver] = [:]
  /// Sessions that its engine still has, each with its line; 0: not known.
  private(set) var sessions: [UInt32: UInt32] = [:]
  /// Those of them that do not end, and that nobody waits for any more.
  private var leftBehind: Set<UInt32> = []
  /// Devices that wait for the others of a line to leave it, by line.
  private(set) var parked: [UInt32: [DeviceName]] = [:]
  private var sessionIDs = SessionIDs()
  /// Calls that do not come back, in process.
  var hangs: [String] = []
  /// It has been replaced or its file is gone: it stops when its last session has ended.
  var isRetired = false
  var isStopping = false
  /// Unix nanoseconds.
  var startTime: Int64 = 0
  var lastFaultTime: Int64 = 0
  /// Of the processes before the one that runs now: what operators see must not fall back.
  private(set) var earlierCounters = MapperReport.Counters()

  init(
    number: Int, place: LibraryPlace, snapshot: Snapshot, isolation: MapperReport.Isolation,
    limits: Supervision.Limits
  ) {
    self.number = number
    self.place = place
    self.snapshot = snapshot
    self.isolation = isolation
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

  /// Whether its process is there only to see whether the library can be loaded.
  var isTrial: Bool { isolation == .inProcess && !isTried }

  var isRefused: Bool { supervision.state == .refused }

  func beginProcess() -> Int {
    generation += 1
    trialHasLoaded = false
    forgetSessions()
    return generation
  }

  private func forgetSessions() {
    sessions = [:]
    leftBehind = []
    parked = [:]
    sessionIDs = SessionIDs()
  }

  func started(_ link: any EngineLink, processID: Int32, thread: WorkerThread) {
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

  // MARK: - Sessions

  /// The number of a new session; nil: it has as many as it can have.
  func beginSession() -> UInt32? {
    guard let id = sessionIDs.take() else { return nil }
    sessions[id] = 0
    return id
  }

  func bound(_ session: Session, lane: UInt32) {
    if sessions[session.id] != nil { sessions[session.id] = lane }
  }

  /// The engine has said its last word about the session.
  ///
  /// - Returns: the line that it was on; 0: not known.
  func ended(_ session: Session) -> UInt32 {
    leftBehind.remove(session.id)
    guard let lane = sessions.removeValue(forKey: session.id) else { return 0 }
    sessionIDs.giveBack(session.id)
    return lane
  }

  func leaveBehind(_ session: Session) {
    if sessions[session.id] != nil { leftBehind.insert(session.id) }
  }

  /// Whether no device is to wait for any of its sessions.
  var isDrained: Bool { sessions.count == leftBehind.count }

  /// Whether devices have still to leave a line.
  func isBusy(_ lane: UInt32) -> Bool {
    lane != 0 && sessions.contains { $0.value == lane && !leftBehind.contains($0.key) }
  }

  func park(_ device: DeviceName, lane: UInt32) { parked[lane, default: []].append(device) }
  func unpark(lane: UInt32) -> [DeviceName] { parked.removeValue(forKey: lane) ?? [] }

  // MARK: - End

  /// The engine is gone: its thread too, in a moment.
  func processEnded() {
    thread?.join()
    thread = nil
    if let link { earlierCounters = link.counters.value(newerThan: 0, until: 0).adding(earlierCounters) }
    link = nil
    processID = 0
    forgetSessions()
    hangs = []
    isStopping = false
  }

  /// A library that is refused after it was good drives nothing.
  func forgetDrivers() { drivers = [:] }
}
