// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON

/// `setpoint=22` sets a desired value, `setpoint-` takes it back.
struct Assignment: ExpressibleByArgument, Equatable {
  let property: String
  /// Nil takes the value back. Text as it stands: the agent reads it as the property's type.
  let value: String?

  init?(argument: String) {
    if let sign = argument.firstIndex(of: "=") {
      property = String(argument[..<sign])
      value = String(argument[argument.index(after: sign)...])
    } else if argument.hasSuffix("-") {
      property = String(argument.dropLast())
      value = nil
    } else {
      return nil
    }
    if property.isEmpty { return nil }
  }

  static func patch(_ assignments: [Assignment]) -> JSON {
    var properties = JSON.Members()
    for assignment in assignments {
      properties[assignment.property] = ["desired": assignment.value.map { .string($0) } ?? .null]
    }
    return ["properties": .object(properties)]
  }
}
