// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import JSON

/// What a merge patch (RFC 7396) of a twin asks for: desired values, since nothing else of it can be set.
///
/// `{"properties":{"a":{"desired":22},"b":{"desired":{"value":true}},"c":{"desired":null}}}`
struct MergePatch {
  let changes: [DesiredChange]

  init(_ patch: JSON) throws(Problem) {
    guard let top = patch.object else { throw Self.problem("the body", patch, expected: "an object") }
    var changes: [DesiredChange] = []
    var places: [String: Int] = [:]
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
          let change = try Self.change(part.value, of: property.name, path: path + ".desired")
          // Of a repeated name the last one counts.
          if let place = places[property.name] {
            changes[place] = change
          } else {
            places[property.name] = changes.count
            changes.append(change)
          }
        }
      }
    }
    self.changes = changes
  }

  /// `22`, `null`, or `{"value":22,"ifReported":21}`, in which either may be null.
  static func change(_ json: JSON, of property: String, path: String) throws(Problem) -> DesiredChange {
    guard case .object(let members) = json else {
      // `.none`, since a bare nil would be the JSON null.
      return DesiredChange(property, json.isNull ? .none : try scalar(json, path: path))
    }
    guard let value = members["value"], members.allSatisfy({ $0.name == "value" || $0.name == "ifReported" })
    else {
      throw problem(
        path, json, expected: "a value, null, or an object with the member value and perhaps ifReported")
    }
    var change = DesiredChange(property, value.isNull ? .none : try scalar(value, path: path + ".value"))
    if let reported = members["ifReported"] {
      change.ifReported = reported.isNull ? .some(.null) : try scalar(reported, path: path + ".ifReported")
    }
    return change
  }

  static func scalar(_ json: JSON, path: String) throws(Problem) -> JSON {
    switch json {
    case .bool, .int, .number, .string: return json
    case .null, .array, .object: throw problem(path, json, expected: "a number, a string or a boolean")
    }
  }

  static func problem(_ path: String, _ value: JSON, expected: String) -> Problem {
    Problem(
      .unprocessableContent, "invalid-patch", "the patch is not right",
      detail: "\(path): \(value.kind): expected \(expected).",
      members: ["path": .string(path), "expected": .string(expected)])
  }
}
