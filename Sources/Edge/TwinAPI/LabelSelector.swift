// SPDX-License-Identifier: Apache-2.0

/// A choice of devices by their labels, in the words of Kubernetes:
/// `line=1,stage!=test,site in (a,b),zone notin (c),critical,!spare`.
struct LabelSelector: Sendable, Equatable {
  enum Requirement: Sendable, Equatable {
    case isOneOf(String, [String])
    /// Also holds where the label is absent, as in Kubernetes.
    case isNoneOf(String, [String])
    case exists(String)
    case isAbsent(String)
  }

  let requirements: [Requirement]

  struct Invalid: Error, Equatable {
    let text: String
    let expected: String
  }

  init(parsing text: String) throws(Invalid) {
    var requirements: [Requirement] = []
    for part in Self.split(text) {
      requirements.append(try Self.requirement(part.trimmingSpaces()))
    }
    self.requirements = requirements
  }

  func matches(_ labels: [String: String]) -> Bool {
    requirements.allSatisfy { requirement in
      switch requirement {
      case .isOneOf(let key, let values): labels[key].map(values.contains) ?? false
      case .isNoneOf(let key, let values): !(labels[key].map(values.contains) ?? false)
      case .exists(let key): labels[key] != nil
      case .isAbsent(let key): labels[key] == nil
      }
    }
  }

  /// At commas that are not within parentheses.
  private static func split(_ text: String) -> [Substring] {
    guard !text.isEmpty else { return [] }
    var parts: [Substring] = []
    var depth = 0
    var start = text.startIndex
    for index in text.indices {
      switch text[index] {
      case "(": depth += 1
      case ")": depth -= 1
      case "," where depth == 0:
        parts.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    return parts + [text[start...]]
  }

  private static func requirement(_ text: String) throws(Invalid) -> Requirement {
    if text.hasPrefix("!") { return .isAbsent(try key(text.dropFirst().trimmingSpaces(), in: text)) }
    if let sign = text.firstIndex(of: "=") {
      let isNegative = sign > text.startIndex && text[text.index(before: sign)] == "!"
      let name = text[..<(isNegative ? text.index(before: sign) : sign)].trimmingSpaces()
      var rest = text[text.index(after: sign)...]
      if !isNegative, rest.hasPrefix("=") { rest = rest.dropFirst() }
      let value = try value(rest.trimmingSpaces(), in: text)
      return isNegative
        ? .isNoneOf(try key(name, in: text), [value]) : .isOneOf(try key(name, in: text), [value])
    }
    if text.hasSuffix(")"), let open = text.firstIndex(of: "(") {
      let words = text[..<open].split(separator: " ")
      var values: [String] = []
      let list = text[text.index(after: open)...].dropLast()
      for item in list.split(separator: ",", omittingEmptySubsequences: false) {
        values.append(try value(item.trimmingSpaces(), in: text))
      }
      if words.count == 2, words[1] == "in" { return .isOneOf(try key(String(words[0]), in: text), values) }
      if words.count == 2, words[1] == "notin" {
        return .isNoneOf(try key(String(words[0]), in: text), values)
      }
    }
    return .exists(try key(text, in: text))
  }

  private static func key(_ key: String, in text: String) throws(Invalid) -> String {
    guard !key.isEmpty, key.utf8.allSatisfy({ isWord($0) || $0 == UInt8(ascii: "/") }) else {
      throw Invalid(text: text, expected: "key=value, key!=value, key in (a,b), key notin (a,b), key or !key")
    }
    return key
  }

  private static func value(_ value: String, in text: String) throws(Invalid) -> String {
    guard value.utf8.allSatisfy(isWord) else {
      throw Invalid(text: text, expected: "a value of letters, digits, '-', '_' and '.'")
    }
    return value
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
