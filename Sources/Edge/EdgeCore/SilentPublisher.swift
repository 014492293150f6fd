// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Stands where the event bus would, on a node whose configuration switches it off. Nothing counts as dropped there:
/// nobody asked for it.
final class SilentPublisher: MessagePublisher {
  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind) -> Bool {
    true
  }
}
