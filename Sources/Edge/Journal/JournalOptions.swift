// SPDX-License-Identifier: Apache-2.0

/// What the log of events keeps.
package struct JournalOptions: Sendable {
  /// The folder of its files, made when it is not there. Nil: events are kept in memory alone.
  package var folder: String?
  /// Events in memory, which is what the API shows. About half a kilobyte each.
  package var kept = 1000
  /// Bytes of a file before the next one begins.
  package var fileBytes = 1 << 20
  /// Files beside the one that is written; older ones are removed.
  package var files = 7
  /// Events that wait for the disk. One that finds no room stays in memory only and is counted.
  package var queue = 8192
  /// How long a change that somebody asked for may wait for its sync, with others in its group.
  package var syncDelay = Duration.milliseconds(500)
  /// After a failure of the disk.
  package var retryDelay = Duration.seconds(5)

  package init(folder: String?) { self.folder = folder }
}

package struct JournalStatistics: Sendable, Equatable {
  package var recorded: UInt64 = 0
  /// In the files.
  package var written: UInt64 = 0
  /// Events that are in memory only, because too many waited for the disk.
  package var dropped: UInt64 = 0
  package var syncs: UInt64 = 0
  package var failures: UInt64 = 0
  /// Events in memory, and those that wait for the disk.
  package var kept = 0
  package var queueDepth = 0
  package var queueCapacity = 0
  package var followers = 0
  /// Why nothing is written, for people; empty: all is well.
  package var problem = ""

  package init() {}
}
