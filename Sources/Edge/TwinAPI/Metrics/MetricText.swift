// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// Writes Prometheus' text format (0.0.4). The samples of a family belong together, behind its `begin`.
struct MetricText {
  enum Kind: String, Sendable {
    case counter
    case gauge
    case histogram
  }

  private(set) var bytes: [UInt8] = []
  private var family = ""
  /// Written with the first sample: a family without samples is left out.
  private var head: [UInt8] = []

  mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    family = name
    let help = Self.escaped(help, quotes: false)
    head = Array("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n".utf8)
  }

  /// - Parameter suffix: `_bucket`, `_sum`, `_count` of a histogram.
  mutating func sample(_ value: Double, suffix: String = "", _ labels: KeyValuePairs<String, String> = [:]) {
    sample(value, suffix: suffix, labels.map { ($0.key, $0.value) })
  }

  mutating func sample(_ value: Double, suffix: String = "", _ labels: [(name: String, value: String)]) {
    bytes += head
    head = []
    bytes += family.utf8
    bytes += suffix.utf8
    if !labels.isEmpty {
      bytes.append(UInt8(ascii: "{"))
      for (place, label) in labels.enumerated() {
        if place > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes += label.name.utf8
        bytes += "=\"".utf8
        bytes += Self.escaped(label.value, quotes: true).utf8
        bytes.append(UInt8(ascii: "\""))
      }
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(UInt8(ascii: " "))
    if value.isFinite {
      JSONWriter.append(value, to: &bytes)
    } else {
      bytes += (value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf").utf8
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  mutating func sample(_ value: some BinaryInteger, _ labels: KeyValuePairs<String, String> = [:]) {
    sample(Double(value), labels)
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
