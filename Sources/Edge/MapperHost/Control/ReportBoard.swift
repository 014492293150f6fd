// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine
internal import Synchronization

/// What the API sees of the mappers: put up by the host's thread, read by any.
final class ReportBoard: Sendable {
  struct Entry: Sendable {
    var report: MapperReport
    /// Its engine; nil: none runs.
    var link: (any EngineLink)?
    /// Of the processes before.
    var earlier: MapperReport.Counters
  }

  /// Counters are asked for again when they are older.
  private static let maximumAge: Int64 = 1_000_000_000
  /// How long one question may take in all.
  private static let patience: Int64 = 200_000_000

  private let entries = Mutex<[Entry]>([])

  func put(_ entries: [Entry]) { self.entries.withLock { $0 = entries } }

  /// Waits up to 200 ms for the counters of runners that were not asked in the last second.
  func read() -> [MapperReport] {
    let entries = entries.withLock { $0 }
    let now = WallClock.monotonic
    let oldest = now - Self.maximumAge
    for entry in entries {
      if let link = entry.link, link.counters.isOlder(than: oldest) { link.send(.counters) }
    }
    return entries.map { entry in
      var report = entry.report
      var counters = MapperReport.Counters()
      if let link = entry.link {
        counters = link.counters.value(newerThan: oldest, until: now + Self.patience)
        // What the host itself turned away never reached the runner.
        let refused = link.waiting.refusedWrites
        counters.writes &+= refused
        counters.writeFailures &+= refused
      }
      report.counters = counters.adding(entry.earlier)
      return report
    }
  }
}

extension MapperReport.Counters {
  /// The sum of what is counted; devices and lanes are those of now. It wraps: a runner whose memory is damaged may
  /// tell any number.
  func adding(_ earlier: Self) -> Self {
    var sum = self
    sum.reads &+= earlier.reads
    sum.readFailures &+= earlier.readFailures
    sum.writes &+= earlier.writes
    sum.writeFailures &+= earlier.writeFailures
    sum.samples &+= earlier.samples
    sum.missedCycles &+= earlier.missedCycles
    sum.droppedSamples &+= earlier.droppedSamples
    return sum
  }
}
