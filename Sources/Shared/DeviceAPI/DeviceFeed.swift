// SPDX-License-Identifier: Apache-2.0

/// What the twin of a device takes from whoever drives the device.
///
/// Calls for one device come from one thread at a time and in order.
package protocol DeviceFeed: AnyObject, Sendable {
  /// A batch of readings; `arrival` is the edge's clock, Unix nanoseconds. Does not block.
  func receive(_ samples: [Sample], arrival: Int64)

  /// The link changed. `reason` is for people, empty when all is well.
  func linkChanged(to state: LinkState, reason: String, at arrival: Int64)

  /// From now on desired values go to `driver`; nil: nobody drives the device now.
  func attach(_ driver: (any DeviceDriver)?)
}

/// Where a host finds the twins of the devices that it drives.
package protocol DeviceFeedDirectory: AnyObject, Sendable {
  /// Nil when the node has no such device.
  func feed(of device: DeviceName) -> (any DeviceFeed)?
}
