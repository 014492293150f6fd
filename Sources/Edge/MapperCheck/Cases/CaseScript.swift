// SPDX-License-Identifier: Apache-2.0

/// `expected.txt` of a case: what happens, line by line.
///
///     value PROPERTY TYPE VALUE        a read of this property alone gives this
///     failed PROPERTY TEXT             a read of this property alone fails with this text
///     await PROPERTY TYPE VALUE        reads of this property alone come to give this
///     await-failed PROPERTY TEXT       reads of this property alone come to fail with this text
///     read                             reads all properties at once; what came of it:
///     got PROPERTY TYPE VALUE            … this value
///     got-failed PROPERTY TEXT           … a failure with this text
///     set PROPERTY VALUE               sets the property
///     set-failed PROPERTY VALUE TEXT   setting it to a value without spaces fails with this text
///     refused PROPERTY TEXT            bind refused the property; before all but other refusals
///     device-refused TEXT              create or bind refused the device
///
/// With an MQTT broker, which the case starts when its first line is `broker`:
///
///     publish TOPIC PAYLOAD            the device publishes
///     published TOPIC PAYLOAD          the next message that the mapper has published
///
/// Empty lines and lines that begin with `#` are left out.
struct CaseScript {
  enum Step: Equatable {
    case value(property: String, expected: String)
    case failed(property: String, text: String)
    case awaitValue(property: String, expected: String)
    case awaitFailed(property: String, text: String)
    case read
    case got(property: String, expected: String)
    case gotFailed(property: String, text: String)
    case set(property: String, value: String)
    case setFailed(property: String, value: String, text: String)
    case refused(property: String, text: String)
    case deviceRefused(text: String)
    case publish(topic: String, payload: String)
    case published(topic: String, payload: String)
  }

  /// The case wants a broker.
  let hasBroker: Bool
  /// With the line of each, from 1.
  let steps: [(line: Int, step: Step)]

  init(_ text: String, file: String) throws(CheckEnd) {
    var steps: [(line: Int, step: Step)] = []
    var hasBroker = false
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let line = line.drop { $0 == " " }
      if line.isEmpty || line.hasPrefix("#") { continue }
      if line == "broker", steps.isEmpty, !hasBroker {
        hasBroker = true
        continue
      }
      guard let step = Self.step(line) else {
        throw .failed(
          expected: "a step that mapper-check cases --help names, with its words",
          seen: "\(file):\(index + 1): \(line)")
      }
      if !hasBroker, step.needsBroker {
        throw .failed(expected: "broker as the first line", seen: "\(file):\(index + 1): \(line)")
      }
      steps.append((index + 1, step))
    }
    guard !steps.isEmpty else { throw .failed(expected: "a step", seen: "\(file) has none") }
    self.hasBroker = hasBroker
    self.steps = steps
  }

  private static func step(_ line: Substring) -> Step? {
    let (verb, rest) = word(line)
    if verb == "device-refused" { return rest.isEmpty ? nil : .deviceRefused(text: String(rest)) }
    if verb == "read" { return rest.isEmpty ? .read : nil }
    let (name, text) = word(rest)
    guard !name.isEmpty else { return nil }
    switch verb {
    case "value": return .value(property: name, expected: String(text))
    case "failed": return .failed(property: name, text: String(text))
    case "await": return .awaitValue(property: name, expected: String(text))
    case "await-failed": return .awaitFailed(property: name, text: String(text))
    case "got": return .got(property: name, expected: String(text))
    case "got-failed": return .gotFailed(property: name, text: String(text))
    case "set": return .set(property: name, value: String(text))
    case "refused": return .refused(property: name, text: String(text))
    case "publish": return .publish(topic: name, payload: String(text))
    case "published": return .published(topic: name, payload: String(text))
    case "set-failed":
      let (value, reason) = word(text)
      return .setFailed(property: name, value: value, text: String(reason))
    default: return nil
    }
  }

  /// The first word, and what comes after one space.
  private static func word(_ line: Substring) -> (String, Substring) {
    guard let space = line.firstIndex(of: " ") else { return (String(line), "") }
    return (String(line[..<space]), line[line.index(after: space)...])
  }
}

extension CaseScript.Step {
  fileprivate var needsBroker: Bool {
    switch self {
    case .publish, .published: true
    default: false
    }
  }
}
