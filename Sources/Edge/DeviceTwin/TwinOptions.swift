// SPDX-License-Identifier: Apache-2.0

/// What an operator may set, and what tests shorten.
package struct TwinOptions: Sendable {
  /// Writes that may wait for the disk; beyond it requests are answered "busy" and reports wait a cycle.
  package var writerQueue = 8192
  /// Properties that MQTT clients may add to one device, so that none of them can exhaust the memory.
  package var maximumAddedProperties = 4096
  /// Bytes of a value that came over MQTT, as in KubeEdge.
  package var maximumValueBytes = 512
  /// The first wait after a write that failed, in nanoseconds; it doubles up to `retryLimit`.
  package var retryBase: Int64 = 1_000_000_000
  package var retryLimit: Int64 = 30_000_000_000
  /// How long a report, or a record of what became of a write, waits when the writer was full.
  package var fullQueueWait: Int64 = 1_000_000_000
  /// Spreads retries: a factor for each wait.
  package var jitter: @Sendable () -> Double = { Double.random(in: 0.8...1.2) }

  package init() {}

  /// The wait before the next attempt, after `attempts` that failed.
  func retryWait(afterAttempts attempts: Int) -> Int64 {
    let doublings = min(max(attempts - 1, 0), 40)
    let wait = min(Double(retryBase) * Double(1 << doublings), Double(retryLimit))
    return Int64(wait * jitter())
  }
}
