// SPDX-License-Identifier: Apache-2.0

/// Reads the keys of one YAML mapping, typed, and logs everything that is wrong instead of stopping.
///
/// Each key is asked for once; `finish` then reports the keys that nobody asked for. A key whose value is
/// null counts as absent, as in Kubernetes. Every method gives nil for an absent key and for a wrong
/// value, and the wrong value is in the log then.
package final class MappingReader {
  private enum Step {
    case root(String)
    case key(String)
    case element(String, Int)
  }

  package let log: ProblemLog
  /// 1-based, of the mapping.
  package let line: Int
  private let entries: [YAMLNode.Entry]
  private let parent: MappingReader?
  private let step: Step
  private var wasAsked: [Bool]
  private var askedKeys: [String] = []

  /// Nil, with an entry in the log, when `node` is no mapping.
  /// - Parameter path: what comes before every path in messages, without a dot at its end.
  package convenience init?(_ node: YAMLNode, path: String = "", log: ProblemLog) {
    self.init(node, parent: nil, step: .root(path), log: log)
  }

  private init?(_ node: YAMLNode, parent: MappingReader?, step: Step, log: ProblemLog) {
    guard case .mapping(let entries) = node.content else {
      let path = Self.path(parent: parent, step: step)
      log.report(line: Int(node.line), path: path, value: node.summary, expected: "a mapping")
      return nil
    }
    self.entries = entries
    self.parent = parent
    self.step = step
    self.log = log
    line = Int(node.line)
    wasAsked = Array(repeating: false, count: entries.count)
  }

  /// `spec.properties[2].visitors`; made when a message needs it only.
  package var path: String { Self.path(parent: parent, step: step) }

  private static func path(parent: MappingReader?, step: Step) -> String {
    let before = parent?.path ?? ""
    switch step {
    case .root(let path): return path
    case .key(let key): return before.isEmpty ? key : before + "." + key
    case .element(let key, let index): return (before.isEmpty ? key : before + "." + key) + "[\(index)]"
    }
  }

  package func path(of key: String) -> String { Self.path(parent: self, step: .key(key)) }

  // MARK: - Finding keys

  private func index(of key: String) -> Int? {
    if let index = entries.firstIndex(where: { $0.key == key }) { return index }
    guard log.ignoresCase else { return nil }
    let lower = key.lowercased()
    return entries.firstIndex { $0.key.lowercased() == lower }
  }

  /// The value of `key`, which is known from now on; nil when absent or null.
  package func node(_ key: String) -> YAMLNode? {
    askedKeys.append(key)
    guard let index = index(of: key) else { return nil }
    wasAsked[index] = true
    let node = entries[index].value
    return node.isNull ? nil : node
  }

  /// The keys of the text, in its order; none is known by that.
  package var names: [String] { entries.map(\.key) }

  /// Whether the text has `key`; it is not known by that.
  package func has(_ key: String) -> Bool { index(of: key) != nil }

  /// The line of `key`, or of the mapping when it is absent.
  package func line(of key: String) -> Int { index(of: key).map { Int(entries[$0].line) } ?? line }

  // MARK: - Scalars

  /// - Parameter isSecret: the value is not shown in messages.
  package func string(_ key: String, isSecret: Bool = false) -> String? {
    guard let node = node(key) else { return nil }
    switch node.content {
    case .string(let value): return value
    case .int, .number, .bool:
      report(key, node, isSecret: isSecret, expected: "a text (put it in quotes)")
    default:
      report(key, node, isSecret: isSecret, expected: "a text")
    }
    return nil
  }

  /// A text that must be there and not be empty.
  package func requiredString(_ key: String, expected: String = "a text") -> String? {
    guard has(key), let node = node(key) else {
      if !has(key) { askedKeys.append(key) }
      report(key, expected: expected)
      return nil
    }
    guard case .string(let value) = node.content else {
      report(key, node, expected: node.isScalar ? expected + " (put it in quotes)" : expected)
      return nil
    }
    guard !value.isEmpty else {
      report(key, node, expected: expected)
      return nil
    }
    return value
  }

  package func bool(_ key: String) -> Bool? {
    guard let node = node(key) else { return nil }
    if case .bool(let value) = node.content { return value }
    report(key, node, expected: "true or false")
    return nil
  }

  package func int(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard let node = node(key) else { return nil }
    var whole: Int?
    if case .int(let value) = node.content { whole = Int(value) }
    // 1.0 is a whole number, as in JSON Schema.
    if case .number(let value) = node.content { whole = Int(exactly: value) }
    if let whole, range.contains(whole) { return whole }
    report(key, node, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    return nil
  }

  /// One of the names of an enum.
  package func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, of type: Choice.Type, ignoringCase: Bool = false
  ) -> Choice? where Choice.RawValue == String {
    guard let node = node(key) else { return nil }
    if case .string(let text) = node.content {
      if let choice = Choice(rawValue: text) { return choice }
      if ignoringCase,
        let choice = Choice.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() })
      {
        return choice
      }
    }
    report(key, node, expected: "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
    return nil
  }

  // MARK: - Messages

  /// Logs that the value of `key` is wrong.
  package func report(_ key: String, value: String = "", expected: String) {
    log.report(line: line(of: key), path: path(of: key), value: value, expected: expected)
  }

  package func warn(_ key: String, value: String = "", expected: String) {
    log.warn(line: line(of: key), path: path(of: key), value: value, expected: expected)
  }

  func report(_ key: String, _ node: YAMLNode, isSecret: Bool = false, expected: String) {
    report(key, value: isSecret ? "(secret)" : node.summary, expected: expected)
  }

  /// Reports every key that nobody asked for, in the order of the text.
  package func finish() {
    for (index, entry) in entries.enumerated() where !wasAsked[index] {
      let known = askedKeys.sorted().joined(separator: ", ")
      log.reportUnknown(
        line: Int(entry.line), path: path(of: YAMLNode.shortened(entry.key)),
        expected: "one of the known keys: " + known)
    }
  }
}

extension MappingReader {
  // MARK: - Structures

  package func mapping(_ key: String) -> MappingReader? {
    guard let node = node(key) else { return nil }
    return MappingReader(node, parent: self, step: .key(key), log: log)
  }

  /// The elements of a list of mappings; those that are none are in the log and left out.
  package func mappings(_ key: String) -> [MappingReader] {
    elements(key, expected: "a list of mappings").enumerated().compactMap { index, node in
      MappingReader(node, parent: self, step: .element(key, index), log: log)
    }
  }

  /// A list of texts.
  package func strings(_ key: String) -> [String]? {
    guard let node = node(key) else { return nil }
    guard case .sequence(let nodes) = node.content else {
      report(key, node, expected: "a list of texts")
      return nil
    }
    return nodes.enumerated().compactMap { index, node in
      if case .string(let text) = node.content { return text }
      log.report(
        line: Int(node.line), path: path(of: key) + "[\(index)]", value: node.summary,
        expected: node.isScalar ? "a text (put it in quotes)" : "a text")
      return nil
    }
  }

  /// A mapping of texts to texts, such as labels.
  package func dictionary(_ key: String) -> [String: String] {
    guard let node = node(key) else { return [:] }
    guard case .mapping(let entries) = node.content else {
      report(key, node, expected: "a mapping of texts")
      return [:]
    }
    var result: [String: String] = [:]
    result.reserveCapacity(entries.count)
    for entry in entries {
      switch entry.value.content {
      case .string(let text): result[entry.key] = text
      case .null: result[entry.key] = ""
      default:
        log.report(
          line: Int(entry.line), path: path(of: key) + "." + entry.key, value: entry.value.summary,
          expected: entry.value.isScalar ? "a text (put it in quotes)" : "a text")
      }
    }
    return result
  }

  private func elements(_ key: String, expected: String) -> [YAMLNode] {
    guard let node = node(key) else { return [] }
    if case .sequence(let nodes) = node.content { return nodes }
    report(key, node, expected: expected)
    return []
  }
}

extension YAMLNode {
  var isScalar: Bool {
    switch content {
    case .sequence, .mapping: false
    default: true
    }
  }
}
