// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import JSON

/// What stands behind the question mark of a URL.
struct Query: Sendable {
  private let items: [(name: String, value: String)]

  init(path: String) throws(Problem) {
    guard let mark = path.firstIndex(of: "?") else {
      items = []
      return
    }
    var items: [(name: String, value: String)] = []
    for item in path[path.index(after: mark)...].split(separator: "&") {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
        let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
      else {
        throw Self.problem(String(item), expected: "percent signs before two hexadecimal digits of UTF-8")
      }
      items.append((name, value))
    }
    self.items = items
  }

  /// Refuses a name that the endpoint does not know: a mistyped filter would else let everything through.
  func allow(_ names: String...) throws(Problem) {
    for item in items where !names.contains(item.name) {
      throw Self.problem(
        item.name, expected: names.isEmpty ? "no parameters" : "one of " + names.joined(separator: ", "))
    }
  }

  /// A parameter that may stand once.
  func value(_ name: String) throws(Problem) -> String? {
    let values = items.filter { $0.name == name }
    guard values.count <= 1 else { throw Self.problem(name, expected: "it once") }
    return values.first?.value
  }

  /// A parameter that may stand several times, each with several values between commas.
  func list(_ name: String) -> [String] {
    items.filter { $0.name == name }.flatMap { $0.value.split(separator: ",").map(String.init) }
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
    guard let text = try value(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw Self.problem(
        "\(name)=\(text)", expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// False where it is absent.
  func flag(_ name: String) throws(Problem) -> Bool {
    switch try value(name) {
    case nil, "false": return false
    case "true": return true
    case let other?: throw Self.problem("\(name)=\(other)", expected: "true or false")
    }
  }

  func duration(_ name: String, upTo limit: Duration) throws(Problem) -> Duration? {
    guard let text = try value(name) else { return nil }
    guard let duration = Duration(parsing: text), duration <= limit else {
      throw Self.problem(
        "\(name)=\(text)", expected: "a time such as 500ms or 5s, up to \(limit.components.seconds)s")
    }
    return duration
  }

  static func problem(_ text: String, expected: String) -> Problem {
    Problem(
      .badRequest, "invalid-query", "the query is not right", detail: "\(text): expected \(expected).",
      members: ["parameter": .string(String(text.prefix { $0 != "=" })), "expected": .string(expected)])
  }
}
