// SPDX-License-Identifier: Apache-2.0

/// The state of the history, for the node's report and for metrics. Counters run from the start of the
/// process.
package struct HistoryStatistics: Sendable, Equatable {
  /// Samples taken, those without a value among them.
  package var samples: UInt64 = 0
  /// Samples lost: no room in memory while the disk took nothing.
  package var dropped: UInt64 = 0
  /// Texts and bytes that are too long to be kept; their samples are kept without the value.
  package var oversized: UInt64 = 0
  /// Blocks that found room in the file.
  package var blocksWritten: UInt64 = 0
  /// Blocks that the ring has given up, for age or for size.
  package var blocksDeleted: UInt64 = 0
  /// Blocks whose bytes could not be read.
  package var damagedBlocks: UInt64 = 0
  /// Times that blocks could not be saved; they wait in memory then.
  package var failures: UInt64 = 0
  package var queries: UInt64 = 0
  /// Queries that were refused since too many waited.
  package var refusedQueries: UInt64 = 0
  /// Queries that wait now.
  package var queueDepth = 0
  /// Properties with samples, in the file or not.
  package var properties = 0
  /// Blocks in the file.
  package var blocks: Int64 = 0
  /// What the file holds, free pages left out.
  package var fileBytes: Int64 = 0
  /// What is in memory only, or there too.
  package var memoryBytes = 0
  /// Why nothing is saved now; empty: all is well.
  package var problem = ""

  package init() {}
}
