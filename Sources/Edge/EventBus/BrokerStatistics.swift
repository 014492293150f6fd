// SPDX-License-Identifier: Apache-2.0

/// One broker connection's state and counters since the start.
package struct BrokerStatistics: Sendable, Equatable {
  package struct Dropped: Sendable, Equatable {
    /// There was no connection.
    package var disconnected: UInt64 = 0
    /// Too much was under way.
    package var overflow: UInt64 = 0
    /// The client library refused it: too large, or not a topic.
    package var refused: UInt64 = 0
    /// Accepted, with QoS 0, and still here when the connection broke.
    package var lost: UInt64 = 0

    package init() {}
    package var total: UInt64 { disconnected + overflow + refused + lost }
  }

  package var address: BrokerAddress
  /// Connected and subscribed.
  package var isConnected = false
  /// Unix nanoseconds of the last change of `isConnected`, or of the start.
  package var since: Int64 = 0
  /// Why there is no connection, for people; empty while there is one.
  package var problem = ""
  /// Connections made after the first one.
  package var reconnects: UInt64 = 0
  package var received: UInt64 = 0
  /// Retained requests, which are not handed on.
  package var ignored: UInt64 = 0
  package var publishedTwin: UInt64 = 0
  package var publishedTelemetry: UInt64 = 0
  package var droppedTwin = Dropped()
  package var droppedTelemetry = Dropped()
  package var messagesUnderWay = 0
  package var bytesUnderWay = 0
  /// Nil: telemetry is not spooled.
  package var spool: SpoolStatistics?

  package init(address: BrokerAddress) { self.address = address }
}
