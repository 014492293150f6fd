// SPDX-License-Identifier: Apache-2.0
internal import JSON

extension JSONSchema {
  /// Reads the schema of a set of settings: its type must be `object`.
  package init(parsing text: String) throws(JSONSchemaError) {
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(text)
    } catch {
      throw JSONSchemaError("", "not JSON: \(error)")
    }
    try self.init(json, path: "")
    guard kinds == [.object] else {
      throw JSONSchemaError("type", "must be \"object\" for a set of settings")
    }
  }

  private init(_ json: JSON, path: String) throws(JSONSchemaError) {
    guard let members = json.object else {
      throw JSONSchemaError(path, "a schema is an object, not a \(json.kind)")
    }
    for (index, member) in members.all.enumerated() {
      let place = Self.join(path, member.name)
      if members.all[..<index].contains(where: { $0.name == member.name }) {
        throw JSONSchemaError(place, "is there twice")
      }
      try read(member.name, member.value, place)
    }
    try checkKeywordsFit(path)
  }

  private mutating func read(_ keyword: String, _ value: JSON, _ place: String) throws(JSONSchemaError) {
    switch keyword {
    case "type": kinds = try Self.kinds(value, place)
    case "enum":
      guard let choices = value.array, !choices.isEmpty else {
        throw JSONSchemaError(place, "must be a list of values")
      }
      self.choices = choices
    case "required": required = try Self.names(value, place)
    case "properties":
      guard let members = value.object else { throw JSONSchemaError(place, "must be an object of schemas") }
      for member in members {
        let place = Self.join(place, member.name)
        guard self[property: member.name] == nil else { throw JSONSchemaError(place, "is there twice") }
        properties.append(Property(name: member.name, schema: try JSONSchema(member.value, path: place)))
      }
    case "additionalProperties":
      switch value {
      case .bool(let allowed): additional = allowed ? .allowed : .refused
      default: additional = .checked([try JSONSchema(value, path: place)])
      }
    case "minimum": minimum = try Self.number(value, place)
    case "maximum": maximum = try Self.number(value, place)
    case "default": defaultValue = value
    case "x-secret":
      guard let flag = value.bool else { throw JSONSchemaError(place, "must be true or false") }
      isSecret = flag
    case "description":
      guard let text = value.string else { throw JSONSchemaError(place, "must be a text") }
      summary = text
    case "title", "$schema", "$id", "$comment": break
    default:
      throw JSONSchemaError(
        place,
        "this keyword is not supported; supported are type, enum, required, properties, additionalProperties, "
          + "minimum, maximum, default, description, x-secret")
    }
  }

  /// Rules that contradict each other would refuse every device: better to refuse the mapper.
  private mutating func checkKeywordsFit(_ path: String) throws(JSONSchemaError) {
    if let minimum, let maximum, minimum > maximum {
      throw JSONSchemaError(Self.join(path, "minimum"), "is larger than maximum")
    }
    if minimum != nil || maximum != nil, let kinds, !kinds.contains(.integer), !kinds.contains(.number) {
      throw JSONSchemaError(
        Self.join(path, minimum != nil ? "minimum" : "maximum"), "needs the type integer or number")
    }
    if !properties.isEmpty || !required.isEmpty || additional != .allowed, let kinds, !kinds.contains(.object)
    {
      throw JSONSchemaError(path, "properties, required and additionalProperties need the type object")
    }
    if case .refused = additional, let name = required.first(where: { self[property: $0] == nil }) {
      throw JSONSchemaError(
        Self.join(path, "required"), "\(name) is required, but it is not in properties and others are refused"
      )
    }
    if let defaultValue {
      var problems: [Problem] = []
      self.defaultValue = checked(defaultValue, path: "", &problems)
      if let problem = problems.first {
        throw JSONSchemaError(
          Self.join(path, "default"), "does not fit the schema: expected \(problem.expected)")
      }
    }
  }

  private static func kinds(_ value: JSON, _ place: String) throws(JSONSchemaError) -> [Kind] {
    var kinds: [Kind] = []
    let words = if let word = value.string { [word] } else { try names(value, place) }
    for name in words {
      guard let kind = Kind(rawValue: name) else {
        throw JSONSchemaError(
          place, "\"\(name)\" is no type; types are " + Kind.allCases.map(\.rawValue).joined(separator: ", "))
      }
      kinds.append(kind)
    }
    guard !kinds.isEmpty else { throw JSONSchemaError(place, "must be a type or a list of types") }
    return kinds
  }

  private static func names(_ value: JSON, _ place: String) throws(JSONSchemaError) -> [String] {
    let names = value.array?.map(\.string) ?? [nil]
    guard !names.contains(nil) else { throw JSONSchemaError(place, "must be a list of texts") }
    return names.compactMap(\.self)
  }

  private static func number(_ value: JSON, _ place: String) throws(JSONSchemaError) -> Double {
    guard let number = value.double else { throw JSONSchemaError(place, "must be a number") }
    return number
  }

  static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : path + "." + name }
}
