// SPDX-License-Identifier: Apache-2.0

/// Who takes the messages that came in for devices of this node (`$hw/events/…`).
package protocol MessageReceiver: AnyObject, Sendable {
  /// Called on the broker connection's thread; the bytes are valid during the call only. Does not block.
  func receive(_ payload: UnsafeRawBufferPointer, on topic: String)
}
