// SPDX-License-Identifier: Apache-2.0
package import JSON

/// One desired value to set or to take back.
package struct DesiredChange: Sendable, Equatable {
  package var property: String
  /// A number, a boolean, or a string in the text form of the property's type; nil takes the value back.
  package var value: JSON?
  /// What must be reported for this to be set, read as `value` is; nil: whatever is.
  package var ifReported: JSON?

  package init(_ property: String, _ value: JSON?, ifReported: JSON? = nil) {
    self.property = property
    self.value = value
    self.ifReported = ifReported
  }
}
