// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// A condition on a device: `temperature.reported > 80 and link.state = online`. The grammar is in docs/api.md.
///
/// Compiled once, then asked of every device. A comparison with something that the device does not have, or of
/// another kind, does not hold; so `not x.reported = 1` holds where `x.reported != 1` does not.
indirect enum Condition: Sendable, Equatable {
  enum Comparison: String, Sendable, CaseIterable {
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    func holds(_ order: Scalar.Order) -> Bool {
      switch self {
      case .equal: order == .same
      case .notEqual: order != .same
      case .less: order == .before
      case .lessOrEqual: order != .after
      case .greater: order == .after
      case .greaterOrEqual: order != .before
      }
    }
  }

  case and([Condition])
  case or([Condition])
  case not(Condition)
  case compare(Operand, Comparison, Scalar)
  case isOneOf(Operand, [Scalar])
  case isLike(Operand, Glob)
  /// There is one, and it is not false.
  case holds(Operand)

  func matches(_ device: any DeviceView, now: Int64) -> Bool {
    switch self {
    case .and(let all): all.allSatisfy { $0.matches(device, now: now) }
    case .or(let any): any.contains { $0.matches(device, now: now) }
    case .not(let condition): !condition.matches(device, now: now)
    case .compare(let operand, let comparison, let literal):
      operand.value(of: device, now: now)?.compared(to: literal).map(comparison.holds) ?? false
    case .isOneOf(let operand, let literals):
      operand.value(of: device, now: now).map { value in
        literals.contains { value.compared(to: $0) == .same }
      } ?? false
    case .isLike(let operand, let glob):
      if case .text(let text)? = operand.value(of: device, now: now) { glob.matches(text) } else { false }
    case .holds(let operand):
      operand.value(of: device, now: now).map { $0 != .bool(false) } ?? false
    }
  }
}

/// A pattern with `*` for any text and `?` for one character.
struct Glob: Sendable, Equatable {
  private let pattern: [Unicode.Scalar]

  init(_ text: String) { pattern = Array(text.unicodeScalars) }

  /// Time grows with the product of the lengths at most: after a star that failed only the last one is tried again.
  func matches(_ text: String) -> Bool {
    let text = Array(text.unicodeScalars)
    var place = 0
    var next = 0
    var star: (pattern: Int, text: Int)?
    while place < text.count {
      if next < pattern.count, pattern[next] == "*" {
        star = (next + 1, place)
        next += 1
      } else if next < pattern.count, pattern[next] == "?" || pattern[next] == text[place] {
        next += 1
        place += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        next = last.pattern
        place = last.text + 1
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == "*" }
  }
}
