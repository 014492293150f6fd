// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import JSON

/// `-o`: for people, or for programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, wide, json, yaml, name

  /// The text of a document for a program; nil for what is printed as a table.
  func document(_ json: JSON) -> String? {
    switch self {
    case .json: PrettyJSON.text(json)
    case .yaml: YAMLWriter.text(of: json)
    case .table, .wide, .name: nil
    }
  }
}

/// JSON with line breaks, two spaces deep: for eyes, and for the difference of two files.
enum PrettyJSON {
  static func text(_ json: JSON) -> String { body(json, indent: "") + "\n" }

  private static func body(_ json: JSON, indent: String) -> String {
    let inner = indent + "  "
    switch json {
    case .array(let elements) where !elements.isEmpty:
      let lines = elements.map { inner + body($0, indent: inner) }
      return "[\n" + lines.joined(separator: ",\n") + "\n" + indent + "]"
    case .object(let members) where !members.isEmpty:
      let lines = members.map {
        inner + JSON.string($0.name).text + ": " + body($0.value, indent: inner)
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n" + indent + "}"
    default:
      return json.text
    }
  }
}
