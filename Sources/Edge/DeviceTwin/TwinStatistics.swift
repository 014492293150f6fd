// SPDX-License-Identifier: Apache-2.0
package import Store

/// Counters since the start, for the node's API.
package struct TwinStatistics: Sendable {
  package var devices = 0
  /// Requests over MQTT that were answered without an error (updates, gets, states, memberships).
  package var requests: UInt64 = 0
  /// Requests that were answered with an error.
  package var refused: UInt64 = 0
  /// Messages on topics that nobody answers.
  package var ignored: UInt64 = 0
  package var samples: UInt64 = 0
  /// Samples that were not taken: a property that the device does not have, or a feed of an older
  /// description.
  package var strayedSamples: UInt64 = 0
  /// Durable reports; each has one version and one document.
  package var reports: UInt64 = 0
  package var reportedProperties: UInt64 = 0
  /// Reports that waited a cycle longer because the writer was full or failed.
  package var postponedReports: UInt64 = 0
  package var telemetryBatches: UInt64 = 0
  /// Telemetry that the publisher did not take.
  package var droppedTelemetry: UInt64 = 0
  /// Answers and documents that the publisher did not take.
  package var droppedMessages: UInt64 = 0
  package var desiredAccepted: UInt64 = 0
  package var writesStarted: UInt64 = 0
  package var writesApplied: UInt64 = 0
  package var writesFailed: UInt64 = 0
  package var writesRetried: UInt64 = 0
  package var watchers = 0
  package var writer = WriterStatistics()

  package init() {}
}
