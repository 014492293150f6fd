// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// A value as conditions and sorting compare it.
enum Scalar: Sendable, Equatable {
  case bool(Bool)
  case int(Int64)
  /// Compared as a float, so that 21.1 is what a device of 32 bits says of 21.1.
  case float(Float)
  case number(Double)
  case text(String)

  init(_ value: Value) {
    switch value {
    case .bool(let flag): self = .bool(flag)
    case .int(let number): self = .int(number)
    case .float(let number): self = .float(number)
    case .double(let number): self = .number(number)
    case .text(let text): self = .text(text)
    case .bytes(let bytes): self = .text(Base64.encode(bytes))
    }
  }

  enum Order { case before, same, after }

  /// Nil where the two are of different kinds, or one is not a number.
  func compared(to other: Scalar) -> Order? {
    switch (self, other) {
    case (.bool(let left), .bool(let right)): Self.order(left ? 1 : 0, right ? 1 : 0)
    case (.text(let left), .text(let right)):
      left == right ? .same : left.utf8.lexicographicallyPrecedes(right.utf8) ? .before : .after
    case (.int(let left), .int(let right)): Self.order(left, right)
    case (.float(let left), _): other.number.flatMap { Self.order(left, Float($0)) }
    case (_, .float(let right)): number.flatMap { Self.order(Float($0), right) }
    default: number.flatMap { left in other.number.flatMap { Self.order(left, $0) } }
    }
  }

  private var number: Double? {
    switch self {
    case .int(let number): Double(number)
    case .float(let number): Double(number)
    case .number(let number): number
    case .bool, .text: nil
    }
  }

  private static func order<T: Comparable>(_ left: T, _ right: T) -> Order? {
    left < right ? .before : left > right ? .after : left == right ? .same : nil
  }

  /// For sorting, where everything has its place: numbers, then texts, then booleans.
  func sorts(before other: Scalar) -> Bool {
    if let order = compared(to: other) { return order == .before }
    return rank < other.rank
  }

  private var rank: Int {
    switch self {
    case .float(let number) where number.isNaN: 1
    case .number(let number) where number.isNaN: 1
    case .int, .float, .number: 0
    case .text: 2
    case .bool: 3
    }
  }
}
