// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import JSON
internal import MapperEngine

/// Turns the settings of a manifest into what a driver is given: checked, filled in, typed and sorted.
struct SettingsBuilder {
  private(set) var problems: [SettingProblem] = []

  /// - Parameter path: of the settings, for messages.
  mutating func build(_ members: JSON.Members, for settings: LoadedDriver.Settings, path: String) -> [Setting]
  {
    switch settings {
    case .broken: return []
    case .none:
      for member in members where !member.value.isNull {
        problems.append(
          SettingProblem(
            path: "\(path).\(member.name)", value: "", expected: "no settings: the driver takes none"))
      }
      return []
    case .checked(let schema):
      let (filled, found) = schema.check(members, path: path)
      problems += found.map { SettingProblem(path: $0.path, value: $0.value, expected: $0.expected) }
      return typed(filled, path: path)
    }
  }

  private mutating func typed(_ members: JSON.Members, path: String) -> [Setting] {
    var settings: [Setting] = []
    settings.reserveCapacity(members.count)
    for (index, member) in members.all.enumerated() {
      // Of a repeated name the last one counts.
      if members.all[(index + 1)...].contains(where: { $0.name == member.name }) { continue }
      guard let value = value(of: member.value) else { continue }
      if member.name.utf8.contains(0) || Self.hasNUL(value) {
        // The ABI ends texts with a NUL: the driver would see less than was written.
        problems.append(
          SettingProblem(
            path: "\(path).\(member.name)", value: "", expected: "a text without the character U+0000"))
        continue
      }
      settings.append(Setting(key: member.name, value: value))
    }
    return settings.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  /// Nil for null, which counts as absent.
  private func value(of json: JSON) -> Setting.Value? {
    switch json {
    case .null: nil
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    // 5.0 is a whole number in JSON, as in JSON Schema.
    case .number(let value): json.int.map { .int($0) } ?? .number(value)
    case .string(let value): .text(value)
    case .array, .object: .json(json.text)
    }
  }

  private static func hasNUL(_ value: Setting.Value) -> Bool {
    if case .text(let text) = value { text.utf8.contains(0) } else { false }
  }

  /// Takes a whole number that is the host's own out of a device's settings.
  mutating func takeLimit(
    _ key: String, from members: inout JSON.Members, path: String, range: ClosedRange<Int64>,
    default standard: UInt32
  ) -> UInt32 {
    guard let value = members[key], !value.isNull else {
      members[key] = nil
      return standard
    }
    members[key] = nil
    // A text is taken as well, as in all other settings.
    let number = value.int ?? value.string.flatMap { Int64($0) }
    guard let number, range.contains(number) else {
      problems.append(
        SettingProblem(
          path: "\(path).\(key)", value: value.text,
          expected: "a whole number from \(range.lowerBound) to \(range.upperBound), milliseconds"))
      return standard
    }
    return UInt32(clamping: number)
  }

  mutating func add(_ problem: SettingProblem) { problems.append(problem) }
}
