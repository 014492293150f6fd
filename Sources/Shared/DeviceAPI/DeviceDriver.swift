// SPDX-License-Identifier: Apache-2.0

/// What drives one bound device, as the twin sees it.
package protocol DeviceDriver: AnyObject, Sendable {
  /// Writes values to the device, in order, ahead of polls.
  ///
  /// Never blocks. `completion` is called exactly once, from any thread, also when the driver dies: then
  /// with `.unavailable`, and the outcome on the device is unknown.
  func write(_ values: [PropertyWrite], completion: @escaping @Sendable ([WriteOutcome]) -> Void)
}

package struct PropertyWrite: Sendable, Equatable {
  /// Place of the property in `DeviceDescription.properties`.
  package var property: Int
  package var value: Value
  /// Read the value back from the device before it counts as written.
  package var verify: Bool

  package init(property: Int, value: Value, verify: Bool = false) {
    self.property = property
    self.value = value
    self.verify = verify
  }
}

package struct WriteOutcome: Sendable, Equatable {
  package var property: Int
  package var status: MapperStatus
  /// The driver's words, for people; empty when all is well.
  package var text: String

  package init(property: Int, status: MapperStatus, text: String = "") {
    self.property = property
    self.status = status
    self.text = text
  }
}
