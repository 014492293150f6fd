// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What the values of a block are. The numbers are on disk.
enum BlockKind: Int, Sendable {
  case bool = 1
  case int = 2
  case float = 3
  case double = 4
  case text = 5
  case bytes = 6

  init(_ value: Value) {
    switch value {
    case .bool: self = .bool
    case .int: self = .int
    case .float: self = .float
    case .double: self = .double
    case .text: self = .text
    case .bytes: self = .bytes
    }
  }

  init(_ type: PropertyType) {
    switch type {
    case .boolean: self = .bool
    case .int: self = .int
    case .float: self = .float
    case .double: self = .double
    case .string, .stream: self = .text
    case .bytes: self = .bytes
    }
  }

  var isNumeric: Bool { self != .text && self != .bytes }

  /// A value of this kind from what is kept of it as a number.
  func value(of number: Double) -> Value? {
    switch self {
    case .bool: .bool(number != 0)
    case .int: Int64(exactly: number).map { .int($0) }
    case .float: .float(Float(number))
    case .double: .double(number)
    case .text, .bytes: nil
    }
  }
}
