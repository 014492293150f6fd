// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Threads

/// The spool's thread: writes what comes, reads ahead, tidies up.
final class SpoolWorker {
  /// A message that the disk did not take, and the segment that it belongs to.
  private struct Held {
    let number: UInt64
    let message: SpooledMessage
  }

  private static let synchronizeInterval: Int64 = 5_000_000_000
  private static let positionInterval: Int64 = 1_000_000_000
  private static let retryInterval: Int64 = 10_000_000_000
  private static let ageInterval: Int64 = 60_000_000_000

  private let spool: Spool
  private var folder: SpoolFolder
  private var isOpen = false
  /// In order; bounded by `SpoolOptions.memoryBytes`, the oldest go.
  private var held: [Held] = []
  private var heldBytes = 0
  /// The place of what `insert` may bring.
  private var reserved: UInt64?
  /// Nothing more comes for it.
  private var unmarks = false
  private var nextTry: Int64 = 0
  private var nextSynchronize: Int64 = .max
  private var nextPosition: Int64 = .max
  private var nextAge: Int64 = 0
  private var acknowledged: SpoolFolder.Position?
  private var problem = ""

  init(_ spool: Spool) {
    self.spool = spool
    folder = SpoolFolder(path: spool.path, options: spool.options)
  }

  private struct Work {
    var operations: [Spool.Operation]
    var room: Int
    var acknowledged: SpoolFolder.Position?
    var isStopping: Bool
    var isActive: Bool
  }

  func run() {
    while true {
      let work = wait()
      let now = WallClock.monotonic
      if work.isActive, !isOpen, now >= nextTry || work.isStopping { open(now: now) }
      take(work.operations)
      if let position = work.acknowledged, position != acknowledged {
        acknowledged = position
        if nextPosition == .max { nextPosition = now + Self.positionInterval }
      }
      writeHeld(now: now, isLast: work.isStopping)
      keepUp(now: now)
      if !work.isStopping { readAhead(room: work.room) }
      tell()
      if work.isStopping {
        close()
        spool.end.come()
        return
      }
    }
  }

  /// Waits for something to do.
  private func wait() -> Work {
    var dates = min(nextSynchronize, nextPosition, held.isEmpty ? .max : nextTry)
    if !folder.segments.isEmpty { dates = min(dates, nextAge) }
    let (isOpen, nextTry, hasUnread) = (isOpen, nextTry, hasUnread)
    return spool.shared.wait { state in
      // Messages wait a moment for others, and then go as one group.
      let gathered = state.incoming.isEmpty ? .max : state.firstIncoming + Spool.gatherTime
      let opening = state.isActive && !isOpen ? nextTry : .max
      let next = min(dates, gathered, opening)
      return next == .max ? nil : next
    } for: { state -> Work? in
      let now = WallClock.monotonic
      if state.wantsActive {
        state.wantsActive = false
        state.isActive = true
      }
      let isDue = !state.incoming.isEmpty && now >= state.firstIncoming + Spool.gatherTime
      let opens = state.isActive && !isOpen && now >= nextTry
      let room = state.ready.count - state.handed < Spool.readAhead / 2 ? Spool.readAhead : 0
      guard
        opens || state.isStopping || isDue || now >= dates || state.isNewlyAcknowledged
          || (room > 0 && hasUnread)
      else { return nil }
      let work = Work(
        operations: state.incoming, room: room, acknowledged: state.acknowledged,
        isStopping: state.isStopping, isActive: state.isActive)
      state.incoming = []
      state.incomingBytes = 0
      state.isNewlyAcknowledged = false
      return work
    }
  }

  // MARK: - Opening and closing

  /// Memory alone serves until the folder can be made.
  private func open(now: Int64) {
    do throws(SpoolFolder.Failure) {
      try folder.make()
      try folder.load()
    } catch {
      fail(error)
      nextTry = now + Self.retryInterval
      return
    }
    isOpen = true
    problem = ""
    nextTry = 0
    let found = folder.unread
    guard found > 0 else { return }
    spool.shared.withLock { $0.statistics.messages += found }
    spool.log.notice("\(found) messages of an earlier outage wait to be replayed")
  }

  private func close() {
    folder.closeWriting()
    if let acknowledged {
      folder.finish(acknowledged)
      folder.tidy(acknowledged)
    }
    if !held.isEmpty { spool.log.warning("\(held.count) messages could not be kept beyond the stop") }
  }

  // MARK: - Writing

  private func take(_ operations: [Spool.Operation]) {
    for operation in operations {
      switch operation {
      case .append(let message): hold(message, folder.currentNumber)
      case .mark:
        // Held messages were before the mark, so they keep their lower number.
        reserved = folder.reserve()
        unmarks = false
      case .insert(let messages):
        let number = reserved ?? folder.currentNumber
        let place = reserved.map { number in held.firstIndex { $0.number > number } ?? held.count }
        held.insert(
          contentsOf: messages.map { Held(number: number, message: $0) }, at: place ?? held.count)
        heldBytes += messages.reduce(0) { $0 + $1.size }
      case .unmark: unmarks = true
      }
    }
  }

  private func hold(_ message: SpooledMessage, _ number: UInt64) {
    held.append(Held(number: number, message: message))
    heldBytes += message.size
  }

  /// Writes what is held, as few groups as its places allow.
  private func writeHeld(now: Int64, isLast: Bool) {
    defer {
      if unmarks, !held.contains(where: { $0.number == reserved }) {
        reserved = nil
        unmarks = false
      }
    }
    guard isOpen, !held.isEmpty, now >= nextTry || isLast else { return dropHeld() }
    let seconds = WallClock.system.nanoseconds / 1_000_000_000
    var records: [UInt8] = []
    do throws(SpoolFolder.Failure) {
      while let first = held.first {
        records.removeAll(keepingCapacity: true)
        var count = 0
        for entry in held {
          // What has a place of its own is one file: a second one would have the same name.
          guard entry.number == first.number, records.count < 1 << 20 || first.number == reserved else {
            break
          }
          SpoolRecord.append(entry.message, to: &records)
          count += 1
        }
        try folder.write(
          records, messages: count, reserved: first.number == reserved ? reserved : nil, seconds: seconds)
        held.removeFirst(count)
      }
      heldBytes = 0
      nextTry = 0
      if nextSynchronize == .max { nextSynchronize = now + Self.synchronizeInterval }
      if !problem.isEmpty {
        problem = ""
        spool.log.notice("the spool writes again", metadata: ["folder": "\(spool.path)"])
      }
    } catch {
      heldBytes = held.reduce(0) { $0 + $1.message.size }
      nextTry = now + Self.retryInterval
      fail(error)
      dropHeld()
    }
  }

  private func dropHeld() {
    guard heldBytes > spool.options.memoryBytes else { return }
    var count = 0
    while heldBytes > spool.options.memoryBytes / 4 * 3, count < held.count {
      heldBytes -= held[count].message.size
      count += 1
    }
    held.removeFirst(count)
    spool.shared.withLock { state in
      state.statistics.droppedMemory += UInt64(count)
      state.statistics.messages -= count
    }
  }

  private func fail(_ error: SpoolFolder.Failure) {
    if problem != error.text {
      spool.log.error(
        "the spool cannot write: telemetry waits in memory, \(spool.options.memoryBytes >> 20) MiB of it",
        metadata: ["error": "\(error.text)"])
    }
    problem = error.text
  }

  // MARK: - Reading

  /// Segments from the reserved place on must wait for what belongs there.
  private var hasUnread: Bool {
    folder.segments.contains { $0.readBytes < $0.bytes && $0.number < reserved ?? .max }
      || (!problem.isEmpty && reserved == nil && !held.isEmpty)
  }

  private func readAhead(room: Int) {
    guard room > 0 else { return }
    var found = folder.read(messages: room, bytes: Spool.readAheadBytes, below: reserved).map {
      Spool.Ready(message: $0.message, end: $0.end)
    }
    if found.isEmpty, !problem.isEmpty, reserved == nil, !held.isEmpty {
      // The disk takes nothing: what is held goes straight on.
      let count = min(room, held.count)
      found = held[..<count].map { Spool.Ready(message: $0.message, end: nil) }
      held.removeFirst(count)
      heldBytes = held.reduce(0) { $0 + $1.message.size }
    }
    guard !found.isEmpty else { return }
    let more = hasUnread
    spool.shared.withLock { state in
      state.ready += found
      state.hasMore = more
    }
    spool.tellReady()
  }

  // MARK: - Keeping house

  private func keepUp(now: Int64) {
    guard isOpen else { return }
    if now >= nextSynchronize {
      folder.synchronize()
      nextSynchronize = .max
    }
    if now >= nextAge {
      folder.dropOld(seconds: WallClock.system.nanoseconds / 1_000_000_000)
      nextAge = now + Self.ageInterval
    }
    guard let acknowledged, now >= nextPosition else { return }
    folder.finish(acknowledged)
    folder.tidy(acknowledged)
    nextPosition = .max
  }

  private func tell() {
    let losses = folder.takeLosses()
    let (bytes, problem) = (folder.bytes, problem)
    spool.shared.withLock { state in
      state.statistics.droppedFull += UInt64(losses.full)
      state.statistics.droppedOld += UInt64(losses.old)
      state.statistics.damaged += UInt64(losses.damaged + losses.torn)
      state.statistics.messages = max(
        state.statistics.messages - losses.full - losses.old - losses.damaged, 0)
      state.statistics.bytes = bytes
      state.statistics.problem = problem
    }
  }
}
