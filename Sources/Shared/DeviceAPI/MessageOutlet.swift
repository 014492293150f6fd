// SPDX-License-Identifier: Apache-2.0

/// Connections to brokers beside the node's own, for those who send values on.
package protocol MessageOutlets: AnyObject, Sendable {
  /// A connection of its own to the broker at `address` (`tcp://host:port`, `ssl://host:port`), kept up until it is closed.
  ///
  /// Throws with a text for people when there cannot be one.
  func outlet(to address: String) throws -> any MessageOutlet
}

/// One of these connections. Any thread; never blocks on the network.
package protocol MessageOutlet: AnyObject, Sendable {
  /// Hands a message over; the bytes are copied. False: there is no connection, or too much is under way.
  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, qos: Int, retained: Bool) -> Bool
  /// Why there is no connection, for people; empty while there is one.
  var problem: String { get }
  /// Publishes what was accepted, for up to 2 s, then disconnects.
  func close() async
}
