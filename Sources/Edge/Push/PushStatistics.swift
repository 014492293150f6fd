// SPDX-License-Identifier: Apache-2.0

/// One destination of pushed values, and what became of them since it was opened.
package struct PushStatistics: Sendable, Equatable {
  package enum Kind: String, Sendable { case mqtt, http, influxdb2, otel }

  package var kind: Kind
  /// Its address, without secrets.
  package var destination: String
  package var waiting = 0
  /// Taken by the destination.
  package var sent: UInt64 = 0
  /// The oldest, since too many waited, and those that waited when the destination was closed.
  package var dropped: UInt64 = 0
  /// The destination said that it will never take them.
  package var refused: UInt64 = 0
  /// Tries that failed and are made again.
  package var failures: UInt64 = 0
  /// Why the last try failed, for people; empty after one that went well.
  package var problem = ""

  package init(kind: Kind, destination: String) {
    self.kind = kind
    self.destination = destination
  }
}
