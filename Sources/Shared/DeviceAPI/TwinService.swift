// SPDX-License-Identifier: Apache-2.0

/// Reads the twins. Any thread; nothing here waits for the disk.
package protocol TwinService: AnyObject, Sendable {
  /// All devices of this node, sorted.
  func deviceNames() -> [DeviceName]

  func device(_ name: DeviceName) -> DeviceSnapshot?

  /// Follows changes. The watch ends when it is dropped or cancelled.
  func watch(_ filter: WatchFilter) -> any TwinWatch
}

package struct WatchFilter: Sendable {
  /// Nil: every device.
  package var device: DeviceName?
  package var namespace: String?
  /// Nil: every property.
  package var properties: Set<String>?

  package init(device: DeviceName? = nil, namespace: String? = nil, properties: Set<String>? = nil) {
    self.device = device
    self.namespace = namespace
    self.properties = properties
  }
}

/// A stream of changes to one reader.
///
/// It keeps which devices changed, not the changes: a slow reader gets the latest values once, and its
/// memory never grows.
package protocol TwinWatch: AnyObject, Sendable {
  /// Waits for the next change; nil once cancelled. The first answer holds every device of the filter.
  func next() async -> TwinChange?
  func cancel()
}

package enum TwinChange: Sendable {
  /// The device with just those properties that changed since the last answer to this reader.
  case changed(DeviceSnapshot)
  case removed(DeviceName)
}

package enum TwinError: Error, Equatable, Sendable {
  case deviceNotFound(DeviceName)
  case propertyNotFound(device: DeviceName, property: String)
  /// The model says `ReadOnly`.
  case readOnly(property: String)
  /// A value that is not of the property's type, or out of its range.
  case invalid(property: String, value: String, expected: String)
  /// `If-Match` named another version.
  case conflict(current: Int64)
  /// `ifReported` named another value than the one that is reported (nil: none is).
  case reportedDiffers(property: String, reported: Value?)
  /// Its mapper reports it, so nobody else may.
  case reportedByMapper(property: String)
  /// Too many writes wait for the disk, or the device is not declared yet: try again.
  case busy
  case storage(String)
}
