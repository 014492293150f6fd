// SPDX-License-Identifier: Apache-2.0

/// What became of the telemetry that its broker could not take at once, since the start.
package struct SpoolStatistics: Sendable, Equatable {
  /// Messages that wait now, on disk and in memory; those of earlier runs too.
  package var messages = 0
  /// Bytes on disk now.
  package var bytes: Int64 = 0
  package var spooled: UInt64 = 0
  /// Acknowledged by the broker.
  package var replayed: UInt64 = 0
  /// The oldest, since the spool was full.
  package var droppedFull: UInt64 = 0
  /// Older than the configuration allows.
  package var droppedOld: UInt64 = 0
  /// The oldest of memory, since the disk took nothing.
  package var droppedMemory: UInt64 = 0
  /// Records that a file no longer held as they had been written; a lower bound, since damage hides what is behind it.
  package var damaged: UInt64 = 0
  /// Why nothing can be written now, for people; empty when all is well.
  package var problem = ""

  package init() {}

  package var dropped: UInt64 { droppedFull + droppedOld + droppedMemory + damaged }
}
