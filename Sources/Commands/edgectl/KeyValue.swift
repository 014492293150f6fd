// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON

/// `count=3`: an argument of a method, or an option of a scan.
struct KeyValue: ExpressibleByArgument, Equatable {
  let key: String
  let value: String

  init?(argument: String) {
    guard let sign = argument.firstIndex(of: "="), sign != argument.startIndex else { return nil }
    key = String(argument[..<sign])
    value = String(argument[argument.index(after: sign)...])
  }

  /// What a text stands for. One that is not of the type stays a string: the agent then tells what it
  /// expected, of all that are wrong at once.
  enum ValueType {
    case boolean, integer, unsigned, number, string
    /// An array or an object, as JSON.
    case structure

    func json(_ text: String) -> JSON {
      switch self {
      case .boolean: text == "true" ? true : text == "false" ? false : .string(text)
      // The largest ones travel as strings, since JSON's numbers lose their digits.
      case .integer, .unsigned: Int64(text).map { .int($0) } ?? .string(text)
      case .number: Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .string(text)
      case .string: .string(text)
      case .structure: (try? JSON.parse(text)) ?? .string(text)
      }
    }
  }

  /// As an object. Each key may stand once.
  static func members(
    _ pairs: [KeyValue], over others: JSON.Members = [:], type: (String) -> ValueType
  ) throws(Failure) -> JSON.Members {
    var members = others
    for pair in pairs {
      guard members[pair.key] == nil else { throw Failure(.usage, "\(pair.key) is given twice") }
      members.append(pair.key, type(pair.key).json(pair.value))
    }
    return members
  }
}

extension KeyValue.ValueType {
  /// Of an argument of a method, as the agent names it.
  init(argument type: String?) {
    switch type {
    case "bool": self = .boolean
    case "int": self = .integer
    case "uint": self = .unsigned
    case "double": self = .number
    default: self = .string
    }
  }

  /// Of an option, as a schema names it.
  init(schema type: String?) {
    switch type {
    case "boolean": self = .boolean
    case "integer": self = .integer
    case "number": self = .number
    case "array", "object": self = .structure
    default: self = .string
    }
  }
}
