// SPDX-License-Identifier: Apache-2.0

/// A YAML value and where in its text it stands.
///
/// Plain scalars are what the YAML 1.2 core schema says: `yes` is a string, `true` is not. A quoted scalar
/// is always a string. Anchors are resolved: an alias is a copy of its node, with the node's own place.
package struct YAMLNode: Sendable {
  package enum Content: Sendable {
    case null
    case bool(Bool)
    /// A whole number of 64 bits; a larger one is a `number`.
    case int(Int64)
    /// Always finite.
    case number(Double)
    case string(String)
    case sequence([YAMLNode])
    /// In the order of the text, keys unique.
    case mapping([Entry])
  }

  package struct Entry: Sendable {
    package var key: String
    package var line: Int32
    package var column: Int32
    package var value: YAMLNode
  }

  package var content: Content
  /// 1-based.
  package var line: Int32
  /// 1-based, in characters.
  package var column: Int32

  /// Deeper nesting is refused, as in JSON texts, so that no input can exhaust the stack.
  package static let maximumDepth = 64
  /// So many nodes may come out of aliases in one text, so that a small text cannot fill the memory.
  package static let maximumAliasedNodes = 100_000

  package var isNull: Bool { if case .null = content { true } else { false } }

  /// The value of `key`, where this is a mapping that has it.
  package subscript(key: String) -> YAMLNode? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// What a message shows as the value: scalars as JSON writes them without quotes, shortened.
  package var summary: String {
    switch content {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .number(let value): return value.description
    case .string(let value): return Self.shortened(value)
    case .sequence: return "a list"
    case .mapping: return "a mapping"
    }
  }

  /// Texts of files end in messages, so control characters are replaced and 80 characters are enough.
  package static func shortened(_ text: String) -> String {
    if text.isEmpty { return "\"\"" }
    var result = ""
    for (index, scalar) in text.unicodeScalars.enumerated() {
      guard index < 80 else { return result + "…" }
      let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
      result.unicodeScalars.append(isControl ? " " : scalar)
    }
    return result
  }
}
