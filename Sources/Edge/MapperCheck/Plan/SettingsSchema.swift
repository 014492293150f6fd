// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import JSON
internal import MapperEngine

/// A schema of settings, and settings that keep it.
struct SettingsSchema {
  private let schema: JSONSchema?
  /// `properties` of the text.
  private let properties: JSON.Members
  private let required: [String]

  /// - Parameter text: nil: no settings are taken.
  init(_ text: String?, of kind: String) throws(CheckEnd) {
    guard let text else {
      schema = nil
      properties = .init()
      required = []
      return
    }
    do throws(JSONSchemaError) {
      schema = try JSONSchema(parsing: text)
    } catch {
      throw .failed(expected: "a \(kind) schema in the supported subset", seen: "\(error)")
    }
    let json = try? JSON.parse(text)
    properties = json?["properties"]?.object ?? .init()
    required = json?["required"]?.array?.compactMap(\.string) ?? []
  }

  /// Checked and filled in, as a host does it.
  func settings(_ members: JSON.Members, path: String) throws(CheckEnd) -> [Setting] {
    guard let schema else {
      guard members.isEmpty else { throw .skipped("\(path): the driver takes no settings") }
      return []
    }
    let (filled, problems) = schema.check(members, path: path)
    if let problem = problems.first {
      throw .skipped("\(problem.path): \(problem.value): expected \(problem.expected)")
    }
    return Self.typed(filled)
  }

  /// Nil when the schema refuses them.
  func accepted(_ members: JSON.Members) -> [Setting]? {
    guard let schema else { return members.isEmpty ? [] : nil }
    let (filled, problems) = schema.check(members, path: "")
    return problems.isEmpty ? Self.typed(filled) : nil
  }

  /// Filled in where the schema takes them; else as they are.
  func unchecked(_ members: JSON.Members) -> [Setting] { accepted(members) ?? Self.typed(members) }

  private static func typed(_ members: JSON.Members) -> [Setting] {
    var byKey: [String: Setting.Value] = [:]
    for member in members {
      switch member.value {
      case .null: break
      case .bool(let value): byKey[member.name] = .bool(value)
      case .int(let value): byKey[member.name] = .int(value)
      case .number(let value):
        byKey[member.name] = member.value.int.map { .int($0) } ?? .number(value)
      case .string(let value): byKey[member.name] = .text(value)
      case .array, .object: byKey[member.name] = .json(member.value.text)
      }
    }
    return byKey.map { Setting(key: $0.key, value: $0.value) }
      .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  /// The smallest settings that the schema takes, then one set for each choice of each `enum`.
  var examples: [[Setting]] {
    var base = JSON.Members()
    for name in required { base.append(name, Self.values(for: properties[name]).first ?? "a") }
    var found = [accepted(base)].compactMap(\.self)
    for property in properties {
      for choice in property.value["enum"]?.array ?? [] {
        var members = base
        members[property.name] = choice
        if let settings = accepted(members), !found.contains(settings) { found.append(settings) }
      }
    }
    return Array(found.prefix(16))
  }

  /// Settings that the schema takes, with values at the edges of what it allows. The same for the same seed.
  func fuzzed(_ random: inout SplitMix) -> [Setting]? {
    var members = JSON.Members()
    for property in properties {
      let isRequired = required.contains(property.name)
      guard isRequired || random.next(below: 3) > 0 else { continue }
      let values = Self.values(for: property.value) + Self.edges(property.value)
      members.append(property.name, values[random.next(below: values.count)])
    }
    return accepted(members)
  }

  /// Usual values of a property.
  private static func values(for schema: JSON?) -> [JSON] {
    if let choices = schema?["enum"]?.array, !choices.isEmpty { return choices }
    if let value = schema?["default"] { return [value] }
    return kinds(schema).flatMap { kind -> [JSON] in
      switch kind {
      case "integer", "number": [schema?["minimum"] ?? schema?["maximum"] ?? 1]
      case "boolean": [true, false]
      case "array": [[]]
      case "object": [[:]]
      default: ["a"]
      }
    }
  }

  private static func edges(_ schema: JSON) -> [JSON] {
    kinds(schema).flatMap { kind -> [JSON] in
      switch kind {
      case "integer":
        [schema["minimum"] ?? .int(.min), schema["maximum"] ?? .int(.max), 0, -1, 65536, 5_000_000_000]
      case "number": [schema["minimum"] ?? -1e308, schema["maximum"] ?? 1e308, 0, -0.5, 1e-300]
      case "boolean": [true, false]
      case "array": [[], [1, "a", [[]], ["b": nil]], ["", ""]]
      case "object": [[:], ["a": ["b": [1, 2]]], ["": ""]]
      default:
        [
          "", " ", "%s%n%x", "ä€😀", "../../etc", "a,b;c", "[", "{\"a\":", "1:2:3", "tcp://", "/",
          .string(String(repeating: "x", count: 5000)), "-1", "0x10", "\n\t",
        ]
      }
    }
  }

  private static func kinds(_ schema: JSON?) -> [String] {
    if let kind = schema?["type"]?.string { return [kind] }
    return schema?["type"]?.array?.compactMap(\.string) ?? ["string"]
  }
}
