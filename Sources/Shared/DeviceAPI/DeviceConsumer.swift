// SPDX-License-Identifier: Apache-2.0

/// A module that follows which devices this node has.
///
/// Calls are serial and in order. They do not block for long.
package protocol DeviceConsumer: AnyObject, Sendable {
  /// The device is new, or is described in another way than before.
  func deviceChanged(_ device: DeviceDescription)
  func deviceRemoved(_ name: DeviceName)
}
