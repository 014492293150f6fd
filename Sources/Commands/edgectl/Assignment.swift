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

  /// What is asked for, as the agent takes it.
  /// - Parameter conditions: what the device must report, by property.
  func desired(_ conditions: JSON.Members) -> JSON {
    guard let value else { return .null }
    guard let reported = conditions[property] else { return .string(value) }
    return ["value": .string(value), "ifReported": reported]
  }

  /// For one device.
  static func patch(_ assignments: [Assignment], conditions: JSON.Members = [:]) -> JSON {
    var properties = JSON.Members()
    for assignment in assignments {
      properties[assignment.property] = ["desired": assignment.desired(conditions)]
    }
    return ["properties": .object(properties)]
  }

  /// For one of several devices.
  static func properties(_ assignments: [Assignment], conditions: JSON.Members) -> JSON.Members {
    var properties = JSON.Members()
    for assignment in assignments {
      properties[assignment.property] = assignment.desired(conditions)
    }
    return properties
  }
}
