// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// Whether a value may be desired of a property.
enum DesiredCheck {
  /// Reads a value of the API: a number, a boolean, or a string in the type's text form.
  static func value(_ json: JSON, property: String, type: PropertyType, definition: PropertyDescription?)
    throws(TwinError) -> Value
  {
    let read: Value? =
      switch (json, type) {
      case (.string(let text), _): Value(parsing: text, as: type)
      case (.bool(let flag), .boolean): .bool(flag)
      case (_, .int): json.int.map { .int($0) }
      case (_, .float): json.double.flatMap { Float($0).isFinite ? .float(Float($0)) : nil }
      case (_, .double): json.double.map { .double($0) }
      default: nil
      }
    guard let read else {
      throw .invalid(property: property, value: json.text, expected: expectation(type))
    }
    if let expected = range(read, definition) {
      throw .invalid(property: property, value: json.text, expected: expected)
    }
    return read
  }

  /// What was expected, when the value is out of its range; nil when all is well.
  static func range(_ value: Value, _ definition: PropertyDescription?) -> String? {
    guard let definition, definition.type != .boolean, let number = value.number else { return nil }
    let isLow = definition.minimum.map { number < $0 } ?? false
    let isHigh = definition.maximum.map { number > $0 } ?? false
    guard isLow || isHigh else { return nil }
    switch (definition.minimum, definition.maximum) {
    case (let low?, let high?): return "a number from \(Value.double(low).text) to \(Value.double(high).text)"
    case (let low?, nil): return "a number of at least \(Value.double(low).text)"
    case (nil, let high?): return "a number of at most \(Value.double(high).text)"
    case (nil, nil): return nil
    }
  }

  /// Why a value of the property's type must not be written; nil when all is well.
  static func problem(_ value: Value, _ definition: PropertyDescription) -> String? {
    guard definition.isWritable else { return "the property is read-only" }
    return range(value, definition).map { "expected " + $0 }
  }

  static func expectation(_ type: PropertyType) -> String {
    switch type {
    case .int: "a whole number of 64 bits"
    case .float, .double: "a number"
    case .string, .stream: "a string"
    case .boolean: "true or false"
    case .bytes: "a string in base64"
    }
  }
}
