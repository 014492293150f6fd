// SPDX-License-Identifier: Apache-2.0

/// What the configuration says about the spool: `modules.eventBus.spool`.
package struct SpoolOptions: Sendable, Equatable {
  /// Where the spools of all brokers lie, a folder each; made when a broker was connected for the first time.
  package var folder: String
  /// On disk, for each broker. Beyond it the oldest messages go.
  package var maximumBytes = 256 << 20
  /// Seconds after which a message is no longer worth its way.
  package var maximumAge: Int64 = 7 * 86_400
  /// Messages a second at most that are replayed beside the fresh ones; 0: as fast as the broker takes them.
  package var replayRate = 2_000
  /// What a file holds. The oldest go by whole files.
  package var segmentBytes = 4 << 20
  /// What may wait in memory, for the disk or beside a disk that takes nothing. Beyond it the oldest go.
  package var memoryBytes = 8 << 20

  package init(folder: String) { self.folder = folder }
}
