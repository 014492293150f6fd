// SPDX-License-Identifier: Apache-2.0

/// How far to trust a value: a class, as in OPC UA, and a reason. The bits are those of the mapper ABI.
package struct Quality: RawRepresentable, Sendable, Hashable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let good = Quality(rawValue: 0)
  package static let uncertain = Quality(rawValue: 0x4000_0000)
  package static let bad = Quality(rawValue: 0x8000_0000)
  /// No value, since the device cannot be reached.
  package static let noLink = Quality(rawValue: 0x8000_0001)
  /// The last good value, of a time when the device could be reached.
  package static let stale = Quality(rawValue: 0x4000_0003)

  package enum Class: String, Sendable { case good, uncertain, bad }

  package var `class`: Class {
    switch rawValue >> 30 {
    case 0: .good
    case 1: .uncertain
    default: .bad
    }
  }

  package var reason: String? {
    switch rawValue & 0xFFFF {
    case 1: "no link"
    case 2: "sensor"
    case 3: "stale"
    case 4: "clamped"
    case 5: "manual"
    default: nil
    }
  }
}
