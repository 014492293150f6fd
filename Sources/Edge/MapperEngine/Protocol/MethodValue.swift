// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// An argument or the result of a method, in one of the types that `ext/methods.h` lists.
package enum MethodValue: Sendable, Equatable {
  /// Only of a result: there is none.
  case nothing
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  case text(String)
  case bytes([UInt8])

  package var type: MethodDescription.ValueType {
    switch self {
    case .nothing: .none
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .text: .text
    case .bytes: .bytes
    }
  }
}

extension MethodDescription.ValueType {
  /// The byte that stands for the type in frames.
  var code: UInt8 {
    switch self {
    case .none: 0
    case .bool: 1
    case .int: 2
    case .uint: 3
    case .double: 4
    case .text: 5
    case .bytes: 6
    }
  }

  init?(code: UInt8) {
    guard let type = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = type
  }
}

extension FrameWriter {
  mutating func append(_ value: MethodValue) {
    append(value.type.code)
    switch value {
    case .nothing: break
    case .bool(let value): append(value)
    case .int(let value): append(value)
    case .uint(let value): append(value)
    case .double(let value): append(value.bitPattern)
    case .text(let value): append(value)
    case .bytes(let value): append(value)
    }
  }
}

extension FrameReader {
  mutating func valueType() throws(Frame.Malformed) -> MethodDescription.ValueType {
    let code: UInt8 = try integer()
    guard let type = MethodDescription.ValueType(code: code) else {
      throw Frame.Malformed("value of kind \(code)")
    }
    return type
  }

  mutating func methodValue() throws(Frame.Malformed) -> MethodValue {
    switch try valueType() {
    case .none: .nothing
    case .bool: .bool(try bool())
    case .int: .int(try integer())
    case .uint: .uint(try integer())
    case .double: .double(Double(bitPattern: try integer()))
    case .text: .text(try text())
    case .bytes: .bytes(try data())
    }
  }
}
