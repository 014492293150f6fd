// SPDX-License-Identifier: Apache-2.0
internal import Beehive
package import DeviceAPI
package import Logging
internal import Synchronization
internal import Threads

/// The history of every property: what a driver reads, and what comes over MQTT or HTTP, with the time of
/// its arrival.
///
/// Samples are encoded as they come, into a block a property in memory. Full blocks go to a file of their
/// own, and what is not full goes there once a minute, so that a crash costs a minute at most.
/// `docs/history.md` says more.
package final class History: Module {
  package let name = "history"
  private let core: HistoryCore
  private let log: Logger

  package init(_ options: HistoryOptions, clock: WallClock = .system, log: Logger) {
    core = HistoryCore(options: options, clock: clock)
    self.log = log
  }

  /// Returns at once: the file is opened meanwhile, and a disk that does not work keeps nothing from
  /// starting.
  package func start() async throws {
    do {
      _ = try WorkerThread("history") { [core, log] in
        HistoryWorker(core: core, log: log).run()
        Self.end(core)
      }
    } catch {
      Self.end(core)
      throw error
    }
  }

  /// Saves everything and closes the file.
  package func stop() async {
    await withCheckedContinuation { continuation in
      let hasEnded = core.queue.withLock { queue in
        queue.isStopping = true
        if !queue.hasEnded { queue.waitersForEnd.append(continuation) }
        return queue.hasEnded
      }
      if hasEnded { continuation.resume() } else { core.queue.signal() }
    }
  }

  private static func end(_ core: HistoryCore) {
    let (jobs, waiters) = core.queue.withLock { queue in
      queue.hasEnded = true
      defer {
        queue.jobs = []
        queue.waitersForEnd = []
      }
      return (queue.jobs, queue.waitersForEnd)
    }
    for job in jobs { job.refuse(.storage("the agent stops")) }
    for waiter in waiters { waiter.resume() }
  }

  package var statistics: HistoryStatistics {
    var statistics = core.counters.statistics
    statistics.queueDepth = core.queue.withLock { $0.jobs.count }
    return statistics
  }

  /// Saves what is in memory now; false when the disk did not take it.
  package func flush() async -> Bool {
    await withCheckedContinuation { continuation in
      if !core.submit(.flush(continuation)) { continuation.resume(returning: false) }
    }
  }
}

extension History: SampleConsumer {
  package func sink(for device: DeviceDescription) -> (any SampleSink)? {
    HistorySink(device: core.device(device.name), description: device, core: core)
  }

  package func reported(
    _ value: Value, of property: String, as type: PropertyType, device: DeviceName, time: Int64
  ) {
    let device = core.device(device)
    let limits = core.limits
    let milliseconds = core.milliseconds(time)
    var change = Series.Change()
    let mustList = device.state.withLock { state in
      let place = state.place(of: property)
      state.series[place].append(
        time: milliseconds, quality: .good, value: value, type: type, limits: limits, change: &change)
      defer { state.isListed = true }
      return !state.isListed
    }
    core.note(change, samples: 1)
    if mustList { core.list(device) }
  }
}

extension History: HistoryService {
  package func history(_ query: HistoryQuery) async throws(HistoryError) -> HistoryAnswer {
    let result = await withCheckedContinuation { continuation in
      if !core.submit(.query(query, continuation)) {
        core.counters.refusedQueries.wrappingAdd(1, ordering: .relaxed)
        continuation.resume(returning: .failure(.busy))
      }
    }
    return try result.get()
  }

  package func extent(of device: DeviceName) async throws(HistoryError) -> [HistoryExtent] {
    let result = await withCheckedContinuation { continuation in
      if !core.submit(.extent(device, continuation)) {
        core.counters.refusedQueries.wrappingAdd(1, ordering: .relaxed)
        continuation.resume(returning: .failure(.busy))
      }
    }
    return try result.get()
  }
}
