// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization
internal import Threads

/// The history's one thread: it saves blocks, gives up old ones and answers queries, which so never wait for
/// a lock on the file. The file stays open; where it cannot be opened or written, blocks wait in memory and
/// queries see those.
///
/// Not `Sendable`: it is made on its thread and stays there.
final class HistoryWorker {
  private enum Work {
    case job(HistoryJob)
    case flush(isTimed: Bool)
    case end
  }

  /// Devices of one transaction: between two of them, queries have their turn.
  private static let devicesAtOnce = 64
  /// After a failure the disk is left alone for so long.
  private static let backoff: Int64 = 5_000_000_000
  /// Blocks of one transaction that gives blocks up.
  static let removedAtOnce = 32

  let core: HistoryCore
  let log: Logger
  var file: HistoryFile?
  /// A part of the statistics: those of this thread.
  var counts = HistoryStatistics()
  private var nextFlush: Int64
  private var retry: Int64 = 0
  /// CLOCK_MONOTONIC of the last look for blocks that are too old.
  var lastExpiry: Int64

  init(core: HistoryCore, log: Logger) {
    self.core = core
    self.log = log
    lastExpiry = WallClock.monotonic
    nextFlush = WallClock.monotonic + core.options.flushInterval
  }

  /// Until the end is asked for.
  func run() {
    open()
    publish()
    while true {
      switch next() {
      case .job(let job): answer(job)
      case .flush(let isTimed):
        if isTimed { nextFlush = WallClock.monotonic + core.options.flushInterval }
        _ = save(withOpen: isTimed)
      case .end:
        _ = save(withOpen: true)
        try? file?.database.checkpoint()
        file = nil
        publish()
        return
      }
    }
  }

  private func next() -> Work {
    core.queue.wait(until: { _ in nextFlush }) { queue in
      if !queue.jobs.isEmpty { return .job(queue.jobs.removeFirst()) }
      if queue.isStopping { return .end }
      let now = WallClock.monotonic
      if now >= nextFlush {
        queue.isPressed = false
        return .flush(isTimed: true)
      }
      guard queue.isPressed, now >= retry else { return nil }
      queue.isPressed = false
      return .flush(isTimed: false)
    }
  }

  // MARK: Saving

  /// Saves what is listed; false when something stays behind.
  ///
  /// - Parameter withOpen: blocks that are not full too.
  private func save(withOpen: Bool) -> Bool {
    var waiting = core.queue.withLock { queue in
      defer { queue.listed = [] }
      return queue.listed
    }
    if file == nil, withOpen { open() }
    var isWhole = true
    while !waiting.isEmpty {
      let some = waiting.suffix(Self.devicesAtOnce)
      waiting.removeLast(some.count)
      let entries = some.map { collect($0, withOpen: withOpen) }
      isWhole = save(some, entries) && isWhole
      // What is asked meanwhile does not wait for the rest.
      while let job = nextJob() { answer(job) }
    }
    if isWhole, file != nil {
      resolve()
      keepBounds()
      file?.tidy()
    }
    publish()
    return isWhole && file != nil
  }

  /// No flush: that would begin again what is under way.
  private func nextJob() -> HistoryJob? {
    core.queue.withLock { queue in
      guard let first = queue.jobs.first else { return nil }
      if case .flush = first { return nil }
      return queue.jobs.removeFirst()
    }
  }

  private func collect(_ device: DeviceHistory, withOpen: Bool) -> [HistoryFile.Entry] {
    let limits = core.limits
    let mustShrink = limits.samples < core.options.blockSamples
    var change = Series.Change()
    let (entries, staysListed) = device.state.withLock { state in
      var entries: [HistoryFile.Entry] = []
      var staysListed = false
      for place in state.series.indices {
        // Memory is short: what is worth a row makes room.
        if mustShrink, (state.series[place].open?.count ?? 0) >= limits.samples {
          state.series[place].seal(limits, &change)
        }
        let series = state.series[place]
        guard withOpen ? series.needsSaving : !series.sealed.isEmpty else {
          staysListed = staysListed || series.needsSaving
          continue
        }
        entries.append(
          .init(
            device: device.name, property: series.name, blocks: series.sealed,
            open: withOpen ? series.open?.block : nil))
        staysListed = staysListed || (!withOpen && series.open != nil)
      }
      state.isListed = staysListed
      return (entries, staysListed)
    }
    core.note(change, samples: 0)
    if staysListed { core.list(device) }
    return entries
  }

  private func save(_ devices: ArraySlice<DeviceHistory>, _ entries: [[HistoryFile.Entry]]) -> Bool {
    let all = entries.flatMap { $0 }
    if all.isEmpty { return true }
    do throws(SQLiteError) {
      guard let file else {
        relist(devices)
        return false
      }
      try file.save(all[...])
    } catch {
      counts.failures += 1
      relist(devices)
      failed(error, doing: "saving")
      return false
    }
    for (device, entries) in zip(devices, entries) { settle(entries, of: device) }
    return true
  }

  private func settle(_ entries: [HistoryFile.Entry], of device: DeviceHistory) {
    var change = Series.Change()
    device.state.withLock { state in
      for entry in entries {
        guard let place = state.places[entry.property] else { continue }
        state.series[place].saved(entry.blocks, open: entry.open, &change)
      }
    }
    core.note(change, samples: 0)
    counts.blocksWritten += UInt64(entries.reduce(0) { $0 + $1.blocks.count })
  }

  private func relist(_ devices: ArraySlice<DeviceHistory>) {
    for device in devices {
      let mustList = device.state.withLock { state in
        defer { state.isListed = true }
        return !state.isListed
      }
      if mustList { core.list(device) }
    }
  }

  // MARK: State

  /// Says once what is wrong, and keeps away from the disk for a while.
  func failed(_ error: any Error, doing what: String) {
    retry = WallClock.monotonic + Self.backoff
    if counts.problem.isEmpty {
      log.error(
        "history is kept in memory only",
        metadata: ["while": "\(what)", "error": "\(error)", "path": "\(core.options.path)"])
    }
    counts.problem = "\(what): \(error)"
    if let error = error as? SQLiteError { setAsideIfDamaged(error) }
    publish()
  }

  private func resolve() {
    guard !counts.problem.isEmpty else { return }
    log.notice("history is saved again", metadata: ["path": "\(core.options.path)"])
    counts.problem = ""
  }

  func publish() {
    counts.blocks = file?.blocks ?? 0
    counts.properties = file?.properties.count ?? 0
    if let bytes = try? file?.bytesInUse() { counts.fileBytes = bytes }
    let counts = counts
    core.counters.worker.withLock { $0 = counts }
  }

  private func answer(_ job: HistoryJob) {
    switch job {
    case .query(let query, let continuation):
      core.counters.queries.wrappingAdd(1, ordering: .relaxed)
      continuation.resume(returning: find(query))
    case .extent(let device, let continuation):
      core.counters.queries.wrappingAdd(1, ordering: .relaxed)
      continuation.resume(returning: extent(of: device))
    case .flush(let continuation):
      continuation.resume(returning: save(withOpen: true))
    }
  }
}
