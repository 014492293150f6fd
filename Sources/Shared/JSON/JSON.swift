// SPDX-License-Identifier: Apache-2.0

/// A JSON value.
///
/// Numbers keep what the text said: a whole number that fits 64 bits is `.int`, any other `.number`.
/// Objects keep the order of their members; of a repeated name the last one counts.
package enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object(Members)

  /// The members of an object, in the order of the text.
  package struct Members: Sendable, Equatable, Sequence, ExpressibleByDictionaryLiteral {
    package struct Member: Sendable, Equatable {
      package var name: String
      package var value: JSON
      package init(name: String, value: JSON) {
        self.name = name
        self.value = value
      }
    }

    package private(set) var all: [Member]

    package init(_ all: [Member] = []) { self.all = all }

    package init(dictionaryLiteral elements: (String, JSON)...) {
      all = elements.map { Member(name: $0.0, value: $0.1) }
    }

    package var count: Int { all.count }
    package var isEmpty: Bool { all.isEmpty }

    package func makeIterator() -> IndexingIterator<[Member]> { all.makeIterator() }

    /// Linear, since objects on our wires are small. Setting nil removes the member.
    package subscript(name: String) -> JSON? {
      get { all.last { $0.name == name }?.value }
      set {
        guard let newValue else {
          all.removeAll { $0.name == name }
          return
        }
        if let place = all.lastIndex(where: { $0.name == name }) {
          all[place].value = newValue
        } else {
          all.append(Member(name: name, value: newValue))
        }
      }
    }

    /// Adds a member without looking for one of the same name.
    package mutating func append(_ name: String, _ value: JSON) {
      all.append(Member(name: name, value: value))
    }
  }
}

extension JSON {
  package subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members[name]
  }

  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  package var object: Members? { if case .object(let value) = self { value } else { nil } }
  package var isNull: Bool { if case .null = self { true } else { false } }

  /// A whole number; `1.0` is one, `1.5` is not.
  package var int: Int64? {
    switch self {
    case .int(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }

  package var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// What an error message calls this kind of value.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .int, .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .int(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Members(elements.map { Members.Member(name: $0.0, value: $0.1) }))
  }
  package init(nilLiteral: ()) { self = .null }
}
