// SPDX-License-Identifier: Apache-2.0
package import JSON

/// The part of JSON Schema by which a mapper says what settings it takes.
///
/// Keywords: `type` (a name or a list), `enum`, `required`, `properties`, `additionalProperties` (a boolean
/// or a schema), `minimum`, `maximum`, `default`, and `x-secret` for values that no message may show.
/// `description`, `title`, `$schema`, `$id` and `$comment` are for people. Any other keyword is an error:
/// a rule that is written but not enforced would deceive its author.
package struct JSONSchema: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case null, boolean, integer, number, string, array, object
  }

  enum Additional: Sendable, Equatable {
    case allowed
    case refused
    /// One element: an indirection.
    case checked([JSONSchema])
  }

  struct Property: Sendable, Equatable {
    var name: String
    var schema: JSONSchema
  }

  /// Nil: any type.
  package internal(set) var kinds: [Kind]?
  package internal(set) var summary = ""
  package internal(set) var isSecret = false
  package internal(set) var defaultValue: JSON?
  var choices: [JSON]?
  var required: [String] = []
  var properties: [Property] = []
  var additional: Additional = .allowed
  var minimum: Double?
  var maximum: Double?

  init() {}

  /// The schema of a member; nil where the schema names none.
  package subscript(property name: String) -> JSONSchema? {
    properties.first { $0.name == name }?.schema
  }

  /// The names in `properties`, in their order.
  package var propertyNames: [String] { properties.map(\.name) }
}

/// Why a text is no schema that we take.
package struct JSONSchemaError: Error, Equatable, CustomStringConvertible {
  /// `properties.offset.minimum`; empty: the whole text.
  package let path: String
  package let reason: String

  init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }

  package var description: String { path.isEmpty ? reason : path + ": " + reason }
}
