// SPDX-License-Identifier: Apache-2.0

/// What is kept, and for how long: `modules.deviceTwin.history` of the configuration.
package struct HistoryOptions: Sendable {
  /// Path of the SQLite file; its folder must exist. No other process may use it meanwhile.
  package var path: String
  /// How long a sample is kept at least, milliseconds, as far as the sizes allow.
  package var retention: Int64 = 168 * 3_600_000
  /// What the file may hold; beyond, the oldest blocks of all properties go.
  package var maximumBytes: Int64 = 512 << 20
  /// What one property may hold; beyond, its own oldest blocks go.
  package var maximumPropertyBytes: Int64 = 8 << 20
  /// Samples of a full block, 128 at least. Most are full before that, with half a page of bytes.
  package var blockSamples = 1024
  /// How often what is not full yet is saved too: what a crash may cost. Nanoseconds.
  package var flushInterval: Int64 = 60_000_000_000
  /// What may wait for the disk in memory, open blocks included; beyond, the oldest is dropped and counted.
  package var memoryBytes = 16 << 20
  /// Queries that may wait; further ones are refused.
  package var queuedQueries = 64

  package init(path: String) { self.path = path }

  /// No block is open for longer: else an old sample would stay because of a new one.
  var longestSpan: Int64 { min(24 * 3_600_000, max(retention / 8, 60_000)) }
}
