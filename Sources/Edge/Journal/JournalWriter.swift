// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging

/// The loop of the thread that writes events.
struct JournalWriter {
  private var files: EventFiles?
  private let queue: WriteQueue
  private let options: JournalOptions
  private let log: Logger
  /// When what is written has to be synced, monotonic nanoseconds; nil: nothing waits for it.
  private var syncTime: Int64?
  /// When the disk is tried again.
  private var retryTime: Int64?
  private var isFailing = false

  init(files: EventFiles?, queue: WriteQueue, options: JournalOptions, log: Logger) {
    self.files = files
    self.queue = queue
    self.options = options
    self.log = log
  }

  /// Returns once the queue was closed and is empty.
  consuming func run() {
    while true {
      let deadline = [syncTime, retryTime].compactMap(\.self).min()
      switch queue.take(until: deadline, isBlocked: retryTime != nil) {
      case .write(let events): write(events)
      case .time: timeCame()
      case .end:
        if syncTime != nil { sync() }
        files?.close()
        return
      }
    }
  }

  private mutating func write(_ events: [LoggedEvent]) {
    guard files != nil else { return queue.done(events.count) }
    do throws(EventFiles.Problem) {
      try files?.append(events)
      queue.done(events.count)
      if isFailing {
        isFailing = false
        log.notice("the log of events is written again", metadata: ["module": "journal"])
      }
      if events.contains(where: { $0.record.kind == .change }), syncTime == nil {
        syncTime = WallClock.monotonic + options.syncDelay.wholeNanoseconds
      }
    } catch {
      fail(error)
      if queue.isClosed { queue.giveUp() }
    }
  }

  private mutating func timeCame() {
    let now = WallClock.monotonic
    if let time = syncTime, time <= now { sync() }
    // The next round tries what waits.
    if let time = retryTime, time <= now { retryTime = nil }
  }

  private mutating func sync() {
    syncTime = nil
    do throws(EventFiles.Problem) {
      try files?.sync()
      queue.synced()
    } catch {
      fail(error)
      // Once more, also when nothing else comes.
      syncTime = retryTime
    }
  }

  private mutating func fail(_ error: EventFiles.Problem) {
    if !isFailing {
      log.error(
        "the log of events cannot be written, memory goes on: \(error)", metadata: ["module": "journal"])
    }
    isFailing = true
    queue.failed(error.description)
    retryTime = WallClock.monotonic + options.retryDelay.wholeNanoseconds
  }
}

extension Duration {
  fileprivate var wholeNanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}
