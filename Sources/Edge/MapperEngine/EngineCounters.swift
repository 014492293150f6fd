// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Counts of one engine, from all its threads.
final class EngineCounters: Sendable {
  let reads = Atomic<UInt64>(0)
  let readFailures = Atomic<UInt64>(0)
  let writes = Atomic<UInt64>(0)
  let writeFailures = Atomic<UInt64>(0)
  let samples = Atomic<UInt64>(0)
  let missedCycles = Atomic<UInt64>(0)
  let droppedSamples = Atomic<UInt64>(0)

  func report(devices: Int, lanes: Int) -> MapperReport.Counters {
    var report = MapperReport.Counters()
    report.devices = devices
    report.lanes = lanes
    report.reads = reads.load(ordering: .relaxed)
    report.readFailures = readFailures.load(ordering: .relaxed)
    report.writes = writes.load(ordering: .relaxed)
    report.writeFailures = writeFailures.load(ordering: .relaxed)
    report.samples = samples.load(ordering: .relaxed)
    report.missedCycles = missedCycles.load(ordering: .relaxed)
    report.droppedSamples = droppedSamples.load(ordering: .relaxed)
    return report
  }
}
