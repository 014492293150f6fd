// SPDX-License-Identifier: Apache-2.0

/// Gives the changes of one device their numbers. Lives inside the device's state, so it does not outlive it.
struct ChangeNumbers: Sendable {
  private unowned let device: Device

  init(_ device: Device) { self.device = device }

  /// Under the device's lock.
  func next() -> UInt64 { device.context.watches.number(device) }
}
