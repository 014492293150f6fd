// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// One key of `sort`.
struct SortKey: Sendable, Equatable {
  static let most = 4

  let operand: Operand
  let isDescending: Bool
}

/// Where a device stands in a sorted list. Devices with equal keys follow each other by name.
struct SortPlace: Sendable, Equatable {
  let keys: [Scalar?]
  let name: DeviceName

  /// What a device does not have comes last, whichever way the key turns.
  func precedes(_ other: SortPlace, by order: [SortKey]) -> Bool {
    for (index, key) in order.enumerated() where index < keys.count && index < other.keys.count {
      switch (keys[index], other.keys[index]) {
      case (nil, nil): continue
      case (nil, _): return false
      case (_, nil): return true
      case (let left?, let right?):
        if left.sorts(before: right) { return !key.isDescending }
        if right.sorts(before: left) { return key.isDescending }
      }
    }
    return name < other.name
  }
}
