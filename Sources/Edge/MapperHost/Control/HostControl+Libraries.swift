// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import Logging
internal import MapperEngine
internal import Threads

/// Files come, change and go; runners load, end and come back.
extension HostControl {
  /// How many files that are gone are still shown.
  private static let removedLimit = 32

  // MARK: - Files

  func handle(_ event: FolderEvent) {
    reportsAreStale = true
    switch event {
    case .found(let place, let snapshot): if !isStopping { found(place, snapshot) }
    case .rejected(let place, let reason): rejected(place, reason)
    case .removed(let place): removed(place)
    case .firstLookDone:
      firstLookIsDone = true
      evaluateWaiting()
    }
  }

  private func library(at place: LibraryPlace) -> Library {
    if let library = libraries[place] { return library }
    let library = Library(place: place)
    libraries[place] = library
    places = libraries.keys.sorted()
    return library
  }

  private func found(_ place: LibraryPlace, _ snapshot: Snapshot) {
    let library = library(at: place)
    library.cameBack()
    library.rejection = ""
    if let candidate = library.candidate {
      if candidate.snapshot.hash == snapshot.hash { return }
      library.candidate = nil
      retire(candidate)
    }
    if let current = library.current, !current.isRefused {
      if current.snapshot.hash == snapshot.hash { return }
      library.candidate = makeRunner(place, snapshot)
    } else {
      // Also the same content again: what it lacked may be there now.
      if let refused = library.current { retire(refused) }
      library.current = makeRunner(place, snapshot)
    }
  }

  private func rejected(_ place: LibraryPlace, _ reason: String) {
    let library = library(at: place)
    guard library.rejection != reason || library.isRemoved else { return }
    library.cameBack()
    library.rejection = reason
    log.warning(
      "not a mapper library: \(reason)", metadata: ["mapper": "\(place.name)", "file": "\(place.path)"])
    tell(.refused, place, "\(place.name) is no mapper library", reason: reason, level: .error)
    evaluateWaiting()
  }

  private func removed(_ place: LibraryPlace) {
    guard let library = libraries[place], !library.isRemoved else { return }
    log.notice("mapper library removed", metadata: ["mapper": "\(place.name)", "file": "\(place.path)"])
    tell(
      .removed, place, "mapper \(place.name) was removed",
      level: library.current?.isServing == true ? .warning : .info)
    let runners = [library.current, library.candidate].compactMap(\.self)
    library.removed()
    for runner in runners { retire(runner) }
    let gone = libraries.values.filter(\.isRemoved)
    if gone.count > Self.removedLimit, let first = gone.first(where: { $0 !== library }) {
      libraries[first.place] = nil
      places = libraries.keys.sorted()
    }
    evaluate(protocols: library.formerDrivers)
  }

  // MARK: - Engines

  private func makeRunner(_ place: LibraryPlace, _ snapshot: Snapshot) -> Runner {
    lastRunner += 1
    let runner = Runner(
      number: lastRunner, place: place, snapshot: snapshot, isolation: options.isolation(of: place),
      limits: options.supervision)
    runners[runner.number] = runner
    if case .start = runner.supervision.start() { startEngine(runner) }
    return runner
  }

  /// It gets no more devices, and ends when it has none.
  func retire(_ runner: Runner) {
    runner.isRetired = true
    if runner.link == nil {
      runner.supervision.stop()
      runners[runner.number] = nil
    } else if isStopping || runner.isDrained {
      stop(runner)
    }
  }

  func stop(_ runner: Runner) {
    guard !runner.isStopping else { return }
    runner.isStopping = true
    runner.link?.order(.stop)
  }

  func handle(_ event: RunnerEvent, of runner: Runner) {
    switch event {
    case .loaded(let report): loaded(runner, report)
    case .bound(let session, let outcome): bound(session, outcome, runner)
    case .detached(let session): detached(session, runner)
    case .closed(let session): closed(session, runner)
    case .hung(let hangs):
      runner.hangs = hangs
      reportsAreStale = true
    case .ended(let end): ended(runner, end)
    }
  }

  private func loaded(_ runner: Runner, _ report: LibraryReport) {
    reportsAreStale = true
    if runner.isTrial {
      runner.trialHasLoaded = true
      return stop(runner)
    }
    runner.loaded(report, now: WallClock.monotonic)
    guard !runner.isRetired, let library = libraries[runner.place] else { return }
    let replaces = library.candidate === runner
    if replaces, let lack = lack(of: runner, in: library) { return reject(runner, in: library, lack) }
    log.info(
      "mapper loaded",
      metadata: [
        "mapper": "\(runner.place.name)", "file": "\(runner.place.path)", "version": "\(report.version)",
        "hash": "\(runner.snapshot.hash)", "drivers": "\(report.drivers.map(\.id).joined(separator: ","))",
        "isolation": "\(runner.isolation.rawValue)",
      ])
    tellLoaded(runner, version: report.version, replaces: replaces)
    var ids = Set(runner.drivers.keys)
    if replaces, let old = library.current {
      // The old one drains: its devices are closed there before they are bound here.
      ids.formUnion(old.drivers.keys)
      library.current = runner
      library.candidate = nil
      retire(old)
    }
    evaluate(protocols: ids)
    evaluateWaiting()
  }

  /// What a new content lacks that devices use; nil: nothing.
  private func lack(of runner: Runner, in library: Library) -> String? {
    guard let old = library.current else { return nil }
    for id in old.drivers.keys.sorted() where runner.drivers[id] == nil {
      // Another library may have it too: then the devices have somewhere to go, or are there already.
      let others = libraries.values.contains { $0 !== library && $0.driver(id) != nil }
      let users = devices.filter { $0.value.description?.protocolName == id }.keys.sorted()
      guard !others, let first = users.first else { continue }
      return "it has no driver \(id), which "
        + (users.count == 1 ? "\(first) uses" : "\(first) and \(users.count - 1) more use")
    }
    return nil
  }

  private func reject(_ runner: Runner, in library: Library, _ reason: String) {
    library.rejection = "the new file (\(runner.snapshot.hash)) was refused: \(reason)"
    library.candidate = nil
    log.warning(
      "mapper library not replaced: \(reason)",
      metadata: ["mapper": "\(runner.place.name)", "file": "\(runner.place.path)"])
    tell(
      .refused, runner.place, "mapper \(runner.place.name) was not replaced", reason: reason, level: .error,
      details: ["hash": .string("\(runner.snapshot.hash)")])
    retire(runner)
    evaluateWaiting()
  }

  func ended(_ runner: Runner, _ end: RunnerEnd) {
    reportsAreStale = true
    let wasRetired = runner.isRetired
    let end = runner.isTrial ? judge(runner, end) : end
    runner.processEnded()
    if runner.isTried, end.isClean, !wasRetired { return startEngine(runner) }
    if end.kind != .stopped { runner.lastFaultTime = WallClock.system.nanoseconds }
    if wasRetired { runner.supervision.stop() }
    let action = runner.supervision.ended(end, now: WallClock.monotonic)
    if runner.isRefused { runner.forgetDrivers() }
    logEnd(runner, end)
    if wasRetired || runner.isRefused { runners[runner.number] = nil }

    if let library = libraries[runner.place], library.candidate === runner, runner.isRefused {
      library.rejection = "the new file (\(runner.snapshot.hash)) was refused: \(end.reason)"
      library.candidate = nil
    }
    release(devicesOf: runner)
    evaluateWaiting()
    if case .start = action { startEngine(runner) }
  }

  /// What the end of a process that tried a library for this one means: only a clean one is good.
  private func judge(_ runner: Runner, _ end: RunnerEnd) -> RunnerEnd {
    guard runner.trialHasLoaded else { return end }
    runner.isTried = end.isClean
    return end.isClean
      ? end : RunnerEnd(kind: .failedToLoad, reason: "it ended badly after it was loaded: \(end.reason)")
  }

  private func logEnd(_ runner: Runner, _ end: RunnerEnd) {
    var metadata: Logger.Metadata = ["mapper": "\(runner.place.name)", "file": "\(runner.place.path)"]
    switch runner.supervision.state {
    case .refused:
      log.error("mapper library refused: \(end.reason)", metadata: metadata)
      tellEnd(runner, end, restartIn: nil)
    case .waiting(let time):
      let milliseconds = max(0, (time - WallClock.monotonic) / 1_000_000)
      metadata["restartIn"] = "\(milliseconds) ms"
      log.error("mapper runner ended: \(end.reason)", metadata: metadata)
      tellEnd(runner, end, restartIn: milliseconds)
    default: log.debug("mapper runner ended: \(end.reason)", metadata: metadata)
    }
  }
}
