// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// The kinds of `devices.kubeedge.io` that a manifest may hold.
package enum ObjectKind: String, Sendable, CaseIterable {
  case device = "Device"
  case deviceModel = "DeviceModel"
}

/// Which object: kind, namespace, name.
package struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let kind: ObjectKind
  package let name: DeviceName

  package init(_ kind: ObjectKind, _ name: DeviceName) {
    self.kind = kind
    self.name = name
  }

  /// `Device default/pump-1`
  package var description: String { kind.rawValue + " " + name.description }

  package static func < (left: Self, right: Self) -> Bool {
    left.kind == right.kind ? left.name < right.name : left.kind.rawValue < right.kind.rawValue
  }
}
