// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// One section of the configuration, which holds its defaults until it reads a text over them.
protocol ConfigurationSection {
  mutating func read(_ section: SectionReader)
  /// All of its keys with their values, in the order in which `--defaultconfig` prints them.
  var members: JSON.Members { get }
}

/// A section of the text, and the keys in it that KubeEdge serves and we do not.
struct SectionReader {
  let keys: MappingReader
  let report: ConfigurationReport

  init(_ keys: MappingReader, _ report: ConfigurationReport) {
    self.keys = keys
    self.report = report
  }

  /// Sets `target` where the text has `key`.
  func read(_ key: String, into target: inout Bool) { target = keys.bool(key) ?? target }

  func read(_ key: String, into target: inout String, isSecret: Bool = false) {
    target = keys.string(key, isSecret: isSecret) ?? target
  }

  func read(_ key: String, into target: inout Int, in range: ClosedRange<Int>) {
    target = keys.int(key, in: range) ?? target
  }

  /// A path of a file or folder: absolute. Empty, for none, where `orNone`.
  func readPath(_ key: String, into target: inout String, orNone: Bool = false) {
    guard let path = keys.string(key) else { return }
    guard path.hasPrefix("/") || (orNone && path.isEmpty) else {
      keys.report(key, value: YAMLNode.shortened(path), expected: "an absolute path")
      return
    }
    target = path
  }

  func read<Inner: ConfigurationSection>(_ key: String, into target: inout Inner) {
    if let inner = keys.mapping(key) { SectionReader(inner, report).finish(&target) }
  }

  /// Reads the section and reports what is in it beyond.
  func finish<Section: ConfigurationSection>(_ target: inout Section) {
    target.read(self)
    keys.finish()
  }

  /// Names, in one line, those of these KubeEdge keys that the text has.
  /// - Parameter isOn: a section that is switched off asks for nothing, so nothing is missing.
  func skip(_ names: [String], isOn: Bool = true) {
    var present: [String] = []
    for name in names where keys.node(name) != nil { present.append(name) }
    guard isOn, !present.isEmpty else { return }
    report.notServed(line: keys.line, path: keys.path, keys: present)
  }
}

/// Lines for the log that are no errors.
final class ConfigurationReport {
  let file: String
  private(set) var lines: [String] = []

  init(file: String) { self.file = file }

  func notServed(line: Int, path: String, keys: [String]) {
    let place = path.isEmpty ? "" : path + ": "
    lines.append("\(file):\(line): \(place)this version does not serve \(keys.joined(separator: ", "))")
  }

  func warn(line: Int, path: String, _ text: String) { lines.append("\(file):\(line): \(path): \(text)") }
}
