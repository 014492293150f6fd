// SPDX-License-Identifier: Apache-2.0
internal import HTTPTypes
internal import JSON

/// What a merge patch (RFC 7396) of a twin asks for: desired values, since nothing else of it can be set.
///
/// `{"properties":{"a":{"desired":22},"b":{"desired":{"value":true}},"c":{"desired":null}}}`
struct MergePatch {
  let changes: [(property: String, value: JSON?)]

  init(_ patch: JSON) throws(Problem) {
    guard let top = patch.object else { throw Self.problem("the body", patch, expected: "an object") }
    var changes: [(property: String, value: JSON?)] = []
    for member in top {
      guard member.name == "properties" else {
        throw Self.problem(
          member.name, member.value, expected: "only properties.<name>.desired, which alone can be set")
      }
      guard let properties = member.value.object else {
        throw Self.problem("properties", member.value, expected: "an object")
      }
      for property in properties {
        let path = "properties." + property.name
        guard let members = property.value.object else {
          throw Self.problem(path, property.value, expected: "an object with the member desired")
        }
        for part in members {
          guard part.name == "desired" else {
            throw Self.problem(
              "\(path).\(part.name)", part.value, expected: "only desired, which alone can be set")
          }
          // Of a repeated name the last one counts.
          changes.removeAll { $0.property == property.name }
          changes.append((property.name, try Self.desired(part.value, path: path + ".desired")))
        }
      }
    }
    self.changes = changes
  }

  /// - Returns: nil takes the value back.
  private static func desired(_ json: JSON, path: String) throws(Problem) -> JSON? {
    switch json {
    case .null:
      return nil
    case .object(let members):
      guard members.count == 1, let value = members["value"] else {
        throw problem(path, json, expected: "a value, null, or an object with the one member value")
      }
      return value.isNull ? nil : try scalar(value, path: path + ".value")
    default:
      return try scalar(json, path: path)
    }
  }

  static func scalar(_ json: JSON, path: String) throws(Problem) -> JSON {
    switch json {
    case .bool, .int, .number, .string: return json
    case .null, .array, .object: throw problem(path, json, expected: "a number, a string or a boolean")
    }
  }

  private static func problem(_ path: String, _ value: JSON, expected: String) -> Problem {
    Problem(
      .unprocessableContent, "invalid-patch", "the patch is not right",
      detail: "\(path): \(value.kind): expected \(expected).",
      members: ["path": .string(path), "expected": .string(expected)])
  }
}
