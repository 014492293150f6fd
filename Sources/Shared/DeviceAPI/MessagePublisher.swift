// SPDX-License-Identifier: Apache-2.0

/// Where messages for the MQTT broker go. Any thread; never blocks on the network.
package protocol MessagePublisher: AnyObject, Sendable {
  /// Hands a message over. The bytes are copied before it returns.
  ///
  /// - Returns: false when it was dropped (and counted): no broker, or too much is under way.
  @discardableResult
  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind) -> Bool
}

package enum MessageKind: Sendable {
  /// An answer or a twin's change: QoS 1.
  case twin
  /// Readings: the QoS of the configuration.
  case telemetry
  /// A device's state for whoever subscribes later: QoS 1, retained. No bytes: the broker forgets it.
  case state
}

/// An MQTT topic, kept as the NUL-terminated bytes that the client library wants.
package struct MessageTopic: Sendable, Hashable, CustomStringConvertible {
  package let cString: [CChar]
  package init(_ text: String) { cString = text.utf8CString.map { $0 } }
  package var description: String {
    String(decoding: cString.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
