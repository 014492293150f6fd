// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization
internal import Threads

/// What the sinks, the worker and those who ask share.
final class HistoryCore: Sendable {
  struct Queue {
    var jobs: [HistoryJob] = []
    /// Devices with samples that are not in the file. At most one entry a device.
    var listed: [DeviceHistory] = []
    /// Blocks wait that should not wait for the timer.
    var isPressed = false
    var isStopping = false
    var hasEnded = false
    var waitersForEnd: [CheckedContinuation<Void, Never>] = []
  }

  /// Blocks of so many bytes together are worth a transaction.
  private static let transactionBytes = 256 << 10

  let options: HistoryOptions
  let clock: WallClock
  let counters = HistoryCounters()
  let queue: Monitor<Queue>
  private let devices = Mutex<[DeviceName: DeviceHistory]>([:])

  init(options: HistoryOptions, clock: WallClock) {
    self.options = options
    self.clock = clock
    queue = Monitor(Queue())
  }

  /// Unix milliseconds, rounded down also before 1970.
  func milliseconds(_ nanoseconds: Int64) -> Int64 {
    let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// Half of the memory in use: blocks end as soon as they may.
  private var isPressed: Bool { counters.held.load(ordering: .relaxed) > options.memoryBytes / 2 }

  var limits: Series.Limits {
    let held = counters.held.load(ordering: .relaxed)
    return Series.Limits(
      samples: held > options.memoryBytes / 2 ? min(128, options.blockSamples) : options.blockSamples,
      span: options.longestSpan, isFull: held > options.memoryBytes)
  }

  // MARK: Devices

  func device(_ name: DeviceName) -> DeviceHistory {
    devices.withLock { devices in
      if let known = devices[name] { return known }
      let new = DeviceHistory(name: name)
      devices[name] = new
      return new
    }
  }

  func known(_ name: DeviceName) -> DeviceHistory? { devices.withLock { $0[name] } }

  // MARK: What changed

  func note(_ change: Series.Change, samples: Int) {
    if samples > 0 { counters.samples.wrappingAdd(UInt64(samples), ordering: .relaxed) }
    if change.dropped > 0 { counters.dropped.wrappingAdd(UInt64(change.dropped), ordering: .relaxed) }
    if change.oversized > 0 { counters.oversized.wrappingAdd(UInt64(change.oversized), ordering: .relaxed) }
    if change.held != 0 { counters.held.wrappingAdd(change.held, ordering: .relaxed) }
    guard change.waiting != 0 else { return }
    let waiting = counters.waiting.wrappingAdd(change.waiting, ordering: .relaxed).newValue
    guard change.waiting > 0, waiting >= Self.transactionBytes || isPressed else { return }
    let isNews = queue.withLock { queue in
      defer { queue.isPressed = true }
      return !queue.isPressed
    }
    if isNews { queue.signal() }
  }

  /// Puts a device on the list of what is to be saved; its state says that it is there.
  func list(_ device: DeviceHistory) { queue.withLock { $0.listed.append(device) } }

  // MARK: Jobs

  /// False, with nothing done, when too many wait.
  func submit(_ job: HistoryJob) -> Bool {
    let isAccepted = queue.withLock { queue in
      guard !queue.isStopping, !queue.hasEnded, queue.jobs.count < options.queuedQueries else { return false }
      queue.jobs.append(job)
      return true
    }
    if isAccepted { queue.signal() }
    return isAccepted
  }
}
