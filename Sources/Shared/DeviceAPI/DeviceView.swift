// SPDX-License-Identifier: Apache-2.0

/// What a condition asks of a device, piece by piece: a condition on one of its properties copies no other.
package protocol DeviceView {
  var name: DeviceName { get }
  var model: String { get }
  var labels: [String: String] { get }
  var protocolName: String? { get }
  var link: LinkSnapshot { get }
  var desiredVersion: Int64 { get }
  var reportedVersion: Int64 { get }

  /// Nil: the device has no such property.
  func property(_ name: String) -> PropertySnapshot?
}

extension DeviceSnapshot: DeviceView {
  /// Linear.
  package func property(_ name: String) -> PropertySnapshot? { properties.first { $0.name == name } }
}
