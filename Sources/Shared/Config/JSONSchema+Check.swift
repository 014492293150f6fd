// SPDX-License-Identifier: Apache-2.0
package import JSON

extension JSONSchema {
  /// One value that the schema refuses.
  package struct Problem: Sendable, Equatable {
    package let path: String
    /// Empty for what is missing; `(secret)` for what must not be shown.
    package let value: String
    package let expected: String
  }

  /// Checks settings, converts texts where the schema wants a number or a boolean, and fills in defaults.
  ///
  /// "9600" is taken for a number and "true" for a boolean, since users of KubeEdge write both. A null counts
  /// as absent unless the schema takes null. Members keep their order; defaults follow in that of the schema.
  /// - Parameter path: what comes before the members' names in problems.
  /// - Returns: the settings as the driver shall get them, of use only if there are no problems.
  package func check(_ members: JSON.Members, path: String) -> (filled: JSON.Members, problems: [Problem]) {
    var problems: [Problem] = []
    let filled = checkedMembers(members, path: path, &problems)
    return (filled, problems)
  }

  private func checkedMembers(_ members: JSON.Members, path: String, _ problems: inout [Problem])
    -> JSON.Members
  {
    var filled = JSON.Members()
    for member in members {
      let place = Self.join(path, member.name)
      guard let schema = self[property: member.name] else {
        if let value = checkedAdditional(member.value, place, &problems) { filled.append(member.name, value) }
        continue
      }
      if member.value.isNull, let kinds = schema.kinds, !kinds.contains(.null) { continue }
      filled.append(member.name, schema.checked(member.value, path: place, &problems))
    }
    for property in properties where filled[property.name] == nil {
      if let value = property.schema.defaultValue { filled.append(property.name, value) }
    }
    for name in required where filled[name] == nil {
      let wanted = self[property: name]?.expectation ?? "a value"
      problems.append(Problem(path: Self.join(path, name), value: "", expected: wanted + ": it is required"))
    }
    return filled
  }

  /// A member that `properties` does not name. Its value is never shown: it may be a secret under a
  /// misspelt name.
  private func checkedAdditional(_ value: JSON, _ place: String, _ problems: inout [Problem]) -> JSON? {
    switch additional {
    case .allowed: return value
    case .refused:
      let known = properties.isEmpty ? "no settings" : "one of " + propertyNames.joined(separator: ", ")
      problems.append(Problem(path: place, value: "", expected: known))
      return nil
    case .checked(let schema):
      return schema.first?.checked(value, path: place, &problems) ?? value
    }
  }

  /// The value as this schema has it.
  func checked(_ value: JSON, path: String, _ problems: inout [Problem]) -> JSON {
    guard let value = converted(value), isInRange(value), isChoice(value) else {
      problems.append(Problem(path: path, value: shown(value), expected: expectation))
      return value
    }
    guard case .object(let members) = value else { return value }
    return .object(checkedMembers(members, path: path, &problems))
  }

  /// Nil when it has none of the types.
  private func converted(_ value: JSON) -> JSON? {
    guard let kinds else { return value }
    for kind in kinds {
      switch (kind, value) {
      case (.null, .null), (.boolean, .bool), (.string, .string), (.array, .array), (.object, .object),
        (.number, .int), (.number, .number), (.integer, .int):
        return value
      case (.integer, .number):
        if let whole = value.int { return .int(whole) }
      default: break
      }
    }
    // Only when no type takes the text as it is.
    guard case .string(let text) = value else { return nil }
    for kind in kinds {
      switch (kind, Self.number(text)) {
      case (.integer, .some(let number)):
        if let whole = number.int { return .int(whole) }
      case (.number, .some(let number)): return number
      case (.boolean, _):
        if text == "true" { return .bool(true) }
        if text == "false" { return .bool(false) }
      default: break
      }
    }
    return nil
  }

  /// The number that a text is, by JSON's rules.
  private static func number(_ text: String) -> JSON? {
    let isNumeric = text.utf8.allSatisfy { byte in
      (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || "+-.eE".utf8.contains(byte)
    }
    guard isNumeric, let json = try? JSON.parse(text), json.double != nil
    else { return nil }
    return json
  }

  private func isInRange(_ value: JSON) -> Bool {
    guard let number = value.double else { return true }
    return number >= minimum ?? number && number <= maximum ?? number
  }

  private func isChoice(_ value: JSON) -> Bool {
    guard let choices else { return true }
    return choices.contains { choice in
      if let number = choice.double { return number == value.double }
      return choice == value
    }
  }

  private func shown(_ value: JSON) -> String {
    if isSecret { return "(secret)" }
    switch value {
    // What is in it may be secret.
    case .object: return "an object"
    case .array: return "a list"
    case .string(let text): return text.isEmpty ? "\"\"" : "\"" + YAMLNode.shortened(text) + "\""
    case .null, .bool, .int, .number: return value.text
    }
  }

  /// "an integer from 1 to 247", "one of coil, input", "a text or a number".
  private var expectation: String {
    if let choices {
      return "one of " + choices.map { $0.string ?? $0.text }.joined(separator: ", ")
    }
    var text = kinds.map { $0.map(Self.words).joined(separator: " or ") } ?? "a value"
    switch (minimum, maximum) {
    case (.some(let low), .some(let high)):
      text += " from \(JSON.number(low).text) to \(JSON.number(high).text)"
    case (.some(let low), nil): text += " from \(JSON.number(low).text)"
    case (nil, .some(let high)): text += " up to \(JSON.number(high).text)"
    case (nil, nil): break
    }
    return text
  }

  private static func words(_ kind: Kind) -> String {
    switch kind {
    case .null: "null"
    case .boolean: "true or false"
    case .integer: "a whole number"
    case .number: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
