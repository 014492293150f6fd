// SPDX-License-Identifier: Apache-2.0

/// The text form, which KubeEdge's twins and manifests use for every value.
extension Value {
  /// Numbers in their shortest form, booleans as true and false, bytes as base64.
  package var text: String {
    switch self {
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .float(let value): Self.text(value, limit: 1e7)
    case .double(let value): Self.text(value, limit: 1e15)
    case .text(let value): value
    case .bytes(let value): Base64.encode(value)
    }
  }

  private static func text<F: BinaryFloatingPoint & CustomStringConvertible>(_ value: F, limit: F) -> String {
    // "21", not "21.0", as programs on the other side print whole numbers.
    guard value.isFinite, value.magnitude < limit, value == value.rounded(.towardZero) else {
      return value.description
    }
    return String(Int64(value))
  }

  /// Reads the text form of a value of `type`; nil when the text is not one.
  ///
  /// An `INT` takes "22.0", since that is the same number; it does not take "22.5".
  package init?(parsing text: String, as type: PropertyType) {
    switch type {
    case .int:
      if let value = Int64(text) {
        self = .int(value)
      } else if let number = Double(text), let value = Int64(exactly: number) {
        self = .int(value)
      } else {
        return nil
      }
    case .float:
      guard let value = Float(text), value.isFinite else { return nil }
      self = .float(value)
    case .double:
      guard let value = Double(text), value.isFinite else { return nil }
      self = .double(value)
    case .boolean:
      switch text {
      case "true": self = .bool(true)
      case "false": self = .bool(false)
      default: return nil
      }
    case .string, .stream:
      self = .text(text)
    case .bytes:
      guard let bytes = Base64.decode(text) else { return nil }
      self = .bytes(bytes)
    }
  }

  /// The value as a number, for range checks; nil for text and bytes.
  package var number: Double? {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .int(let value): Double(value)
    case .float(let value): Double(value)
    case .double(let value): value
    case .text, .bytes: nil
    }
  }

  /// This value as one of `type`, as a driver's value becomes a property's; nil when it is not one.
  ///
  /// Numbers become whole numbers by rounding to nearest, numbers are true unless zero, and everything
  /// has a text.
  package func converted(to type: PropertyType) -> Value? {
    switch (type, self) {
    case (.int, .int), (.float, .float), (.double, .double), (.boolean, .bool), (.string, .text),
      (.stream, .text),
      (.bytes, .bytes):
      return self
    case (.int, .bool(let value)): return .int(value ? 1 : 0)
    case (.int, .float(let value)): return Int64(exactly: value.rounded()).map { .int($0) }
    case (.int, .double(let value)): return Int64(exactly: value.rounded()).map { .int($0) }
    case (.float, .int(let value)): return .float(Float(value))
    case (.float, .double(let value)): return Float(value).isFinite ? .float(Float(value)) : nil
    case (.float, .bool(let value)): return .float(value ? 1 : 0)
    case (.double, .int(let value)): return .double(Double(value))
    case (.double, .float(let value)): return .double(Double(value))
    case (.double, .bool(let value)): return .double(value ? 1 : 0)
    case (.boolean, .int(let value)): return .bool(value != 0)
    case (.boolean, .float(let value)): return .bool(value != 0)
    case (.boolean, .double(let value)): return .bool(value != 0)
    case (.bytes, .text(let value)): return .bytes(Array(value.utf8))
    case (.string, _), (.stream, _): return .text(text)
    case (_, .text(let value)): return Value(parsing: value, as: type)
    case (_, .bytes), (.bytes, _): return nil
    }
  }
}

extension Value {
  /// Whether two values of one type are the same once a device has scaled one of them, or rounded it to its
  /// own width.
  ///
  /// Floats may differ by 1e-6 of the greater, doubles by `share`; a double with a fraction also equals what a
  /// device of 32 bits makes of it.
  package func isClose(to other: Value, share: Double = 1e-9) -> Bool {
    switch (self, other) {
    case (.float(let left), .float(let right)):
      left == right || Self.isNear(left, right, 1e-6)
    case (.double(let left), .double(let right)):
      left == right || Self.isNear(left, right, share) || Self.isNarrowed(left, from: right)
        || Self.isNarrowed(right, from: left)
    default: self == other
    }
  }

  /// Whether finite numbers differ by `share` of the greater at most.
  private static func isNear<F: BinaryFloatingPoint>(_ left: F, _ right: F, _ share: F) -> Bool {
    let greater = max(left.magnitude, right.magnitude)
    return greater.isFinite && (left - right).magnitude <= greater * share
  }

  /// Not for whole numbers: 16777217 is a step more than 16777216, though a float cannot tell.
  private static func isNarrowed(_ narrow: Double, from wide: Double) -> Bool {
    narrow != narrow.rounded(.towardZero) && narrow == Double(Float(wide))
  }
}
