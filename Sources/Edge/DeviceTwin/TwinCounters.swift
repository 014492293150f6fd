// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// The live counters behind `TwinStatistics`.
final class TwinCounters: Sendable {
  let requests = Atomic<UInt64>(0)
  let refused = Atomic<UInt64>(0)
  let ignored = Atomic<UInt64>(0)
  let samples = Atomic<UInt64>(0)
  let strayedSamples = Atomic<UInt64>(0)
  let reports = Atomic<UInt64>(0)
  let reportedProperties = Atomic<UInt64>(0)
  let postponedReports = Atomic<UInt64>(0)
  let telemetryBatches = Atomic<UInt64>(0)
  let droppedTelemetry = Atomic<UInt64>(0)
  let droppedMessages = Atomic<UInt64>(0)
  let desiredAccepted = Atomic<UInt64>(0)
  let writesStarted = Atomic<UInt64>(0)
  let writesApplied = Atomic<UInt64>(0)
  let writesFailed = Atomic<UInt64>(0)
  let writesRetried = Atomic<UInt64>(0)

  var statistics: TwinStatistics {
    var all = TwinStatistics()
    all.requests = requests.load(ordering: .relaxed)
    all.refused = refused.load(ordering: .relaxed)
    all.ignored = ignored.load(ordering: .relaxed)
    all.samples = samples.load(ordering: .relaxed)
    all.strayedSamples = strayedSamples.load(ordering: .relaxed)
    all.reports = reports.load(ordering: .relaxed)
    all.reportedProperties = reportedProperties.load(ordering: .relaxed)
    all.postponedReports = postponedReports.load(ordering: .relaxed)
    all.telemetryBatches = telemetryBatches.load(ordering: .relaxed)
    all.droppedTelemetry = droppedTelemetry.load(ordering: .relaxed)
    all.droppedMessages = droppedMessages.load(ordering: .relaxed)
    all.desiredAccepted = desiredAccepted.load(ordering: .relaxed)
    all.writesStarted = writesStarted.load(ordering: .relaxed)
    all.writesApplied = writesApplied.load(ordering: .relaxed)
    all.writesFailed = writesFailed.load(ordering: .relaxed)
    all.writesRetried = writesRetried.load(ordering: .relaxed)
    return all
  }
}

extension Atomic where Value == UInt64 {
  func add(_ count: Int = 1) { wrappingAdd(UInt64(count), ordering: .relaxed) }
}
