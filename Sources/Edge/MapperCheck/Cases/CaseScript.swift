// SPDX-License-Identifier: Apache-2.0

/// `expected.txt` of a case: what happens, line by line.
///
///     value PROPERTY TYPE VALUE        a read of this property alone gives this
///     failed PROPERTY TEXT             a read of this property alone fails with this text
///     set PROPERTY VALUE               sets the property
///     set-failed PROPERTY VALUE TEXT   setting it to a value without spaces fails with this text
///     refused PROPERTY TEXT            bind refused the property; before all but other refusals
///     device-refused TEXT              create or bind refused the device
///
/// Empty lines and lines that begin with `#` are left out.
struct CaseScript {
  enum Step: Equatable {
    case value(property: String, expected: String)
    case failed(property: String, text: String)
    case set(property: String, value: String)
    case setFailed(property: String, value: String, text: String)
    case refused(property: String, text: String)
    case deviceRefused(text: String)
  }

  /// With the line of each, from 1.
  let steps: [(line: Int, step: Step)]

  init(_ text: String, file: String) throws(CheckEnd) {
    var steps: [(line: Int, step: Step)] = []
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let line = line.drop { $0 == " " }
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let step = Self.step(line) else {
        throw .failed(
          expected: "value, failed, set, set-failed, refused or device-refused, each with its words",
          seen: "\(file):\(index + 1): \(line)")
      }
      steps.append((index + 1, step))
    }
    guard !steps.isEmpty else { throw .failed(expected: "a step", seen: "\(file) has none") }
    self.steps = steps
  }

  private static func step(_ line: Substring) -> Step? {
    let (verb, rest) = word(line)
    if verb == "device-refused" { return rest.isEmpty ? nil : .deviceRefused(text: String(rest)) }
    let (property, text) = word(rest)
    guard !property.isEmpty else { return nil }
    switch verb {
    case "value": return .value(property: property, expected: String(text))
    case "failed": return .failed(property: property, text: String(text))
    case "set": return .set(property: property, value: String(text))
    case "refused": return .refused(property: property, text: String(text))
    case "set-failed":
      let (value, reason) = word(text)
      return .setFailed(property: property, value: value, text: String(reason))
    default: return nil
    }
  }

  /// The first word, and what comes after one space.
  private static func word(_ line: Substring) -> (String, Substring) {
    guard let space = line.firstIndex(of: " ") else { return (String(line), "") }
    return (String(line[..<space]), line[line.index(after: space)...])
  }
}
