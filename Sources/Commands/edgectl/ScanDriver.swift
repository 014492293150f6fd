// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// A driver that can look for devices, and the options that its scan takes.
struct ScanDriver {
  let id: String
  let title: String
  let file: String
  let schema: JSON?

  /// All of a list of mappers, each with the name of its library; without schemas.
  static func all(in mappers: [JSON]) -> [ScanDriver] {
    mappers.flatMap { mapper in
      (mapper["drivers"]?.array ?? []).filter { $0["canScan"]?.bool == true }.map {
        ScanDriver($0, file: mapper["file"]?.string ?? "")
      }
    }
  }

  init(_ driver: JSON, file: String) {
    id = driver["id"]?.string ?? ""
    title = driver["title"]?.string ?? ""
    self.file = file
    schema = driver["scanSchema"]
  }

  /// The type of an option.
  func type(of option: String) -> KeyValue.ValueType {
    .init(schema: schema?["properties"]?[option]?["type"]?.string)
  }

  var document: JSON {
    var members: JSON.Members = [
      "driver": .string(id), "title": .string(title), "mapper": .string(file),
    ]
    if let schema { members.append("scanSchema", schema) }
    return .object(members)
  }

  // MARK: - Rows

  static let header = ["DRIVER", "OPTION", "VALUE", "DEFAULT", "DESCRIPTION"]

  /// A row an option; the first has the driver.
  var rows: [[Table.Cell]] {
    let required = Set((schema?["required"]?.array ?? []).compactMap(\.string))
    let options = (schema?["properties"]?.object ?? [:]).map { option -> [Table.Cell] in
      let standard = option.value["default"].map { TwinView.text(of: $0) }
      return [
        "", .init(option.name), .init(Self.values(of: option.value)),
        required.contains(option.name) ? .init("required", .yellow) : .init(standard ?? "-"),
        .init(option.value["description"]?.string ?? option.value["title"]?.string ?? ""),
      ]
    }
    guard var first = options.first else { return [[.init(id), "-", "-", "-", .init(title)]] }
    first[0] = .init(id)
    return [first] + options.dropFirst()
  }

  /// `integer, 1 to 247`, `one of a, b`.
  private static func values(of schema: JSON) -> String {
    if let choices = schema["enum"]?.array {
      return "one of " + choices.map { TwinView.text(of: $0) }.joined(separator: ", ")
    }
    // A schema without a type takes numbers as text, too.
    let isBounded = schema["minimum"] != nil || schema["maximum"] != nil
    var text = schema["type"]?.string ?? (isBounded ? "number" : "any")
    switch (schema["minimum"], schema["maximum"]) {
    case (let low?, let high?): text += ", \(low.text) to \(high.text)"
    case (let low?, nil): text += ", from \(low.text)"
    case (nil, let high?): text += ", up to \(high.text)"
    case (nil, nil): break
    }
    return text
  }
}
