// SPDX-License-Identifier: Apache-2.0

/// The value of a property.
///
/// The case is the property's type, never the width on the device: a `uint16` register of an `INT`
/// property is `.int`, and of a `FLOAT` property `.float`.
package enum Value: Sendable, Equatable {
  case bool(Bool)
  case int(Int64)
  case float(Float)
  case double(Double)
  /// Indirect, so that a number needs no room for a text.
  indirect case text(String)
  case bytes([UInt8])
}
