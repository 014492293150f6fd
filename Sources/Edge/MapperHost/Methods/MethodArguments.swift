// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import MapperEngine

/// Turns the arguments of a call, by name, into what the engine is given, in the method's order.
///
/// Strict: a text is never taken for a number. Of numbers only the value counts: 5.0 is a whole one.
struct MethodArguments {
  private(set) var values: [MethodValue] = []
  /// Everything that is wrong.
  private(set) var problems: [MethodError.ArgumentProblem] = []

  init(_ members: JSON.Members, for method: MethodDescription) {
    for argument in method.arguments {
      let given = members.all.filter { $0.name == argument.name }
      let expected = Self.expected(argument.type)
      guard let value = given.first?.value else {
        problems.append(.init(argument: argument.name, value: "", expected: expected))
        continue
      }
      if given.count > 1 {
        problems.append(.init(argument: argument.name, value: Self.text(value), expected: "to be given once"))
      } else if let value = Self.value(value, argument.type) {
        values.append(value)
      } else {
        problems.append(.init(argument: argument.name, value: Self.text(value), expected: expected))
      }
    }
    let names = method.arguments.map(\.name)
    for member in members where !names.contains(member.name) {
      problems.append(
        .init(
          argument: member.name, value: Self.text(member.value),
          expected: names.isEmpty
            ? "no arguments" : "an argument of the method: " + names.joined(separator: ", ")))
    }
  }

  private static func value(_ json: JSON, _ type: MethodDescription.ValueType) -> MethodValue? {
    switch type {
    case .none: nil
    case .bool: json.bool.map { .bool($0) }
    case .int: json.int.map { .int($0) }
    case .uint: unsigned(json).map { .uint($0) }
    case .double: json.double.flatMap { $0.isFinite ? .double($0) : nil }
    // The ABI ends texts with a NUL: the driver would see less than was given.
    case .text: json.string.flatMap { $0.utf8.contains(0) ? nil : .text($0) }
    case .bytes: json.string.flatMap { Base64.decode($0) }.map { .bytes($0) }
    }
  }

  /// Beyond Int64 a number has lost digits when it comes here: such a one is given as a string, as results have it.
  private static func unsigned(_ json: JSON) -> UInt64? {
    if let text = json.string {
      guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let value = UInt64(text), value > Int64.max
      else { return nil }
      return value
    }
    return json.int.flatMap { UInt64(exactly: $0) }
  }

  private static func expected(_ type: MethodDescription.ValueType) -> String {
    switch type {
    case .none: "nothing"
    case .bool: "true or false"
    case .int: "a whole number"
    case .uint: "a whole number that is not negative (above 9223372036854775807: in quotes)"
    case .double: "a number"
    case .text: "a string without the character U+0000"
    case .bytes: "a string in base64"
    }
  }

  /// For messages: not the whole of a long one.
  private static func text(_ json: JSON) -> String {
    let text = json.text
    return text.utf8.count <= 100 ? text : String(text.prefix(99)) + "…"
  }
}
