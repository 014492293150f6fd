// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// What a check of the node came to.
struct Finding: Equatable, Sendable {
  enum Level: String, Sendable {
    case ok
    /// A person should look.
    case warning
    /// Something does not work until a person acts.
    case failed
    /// It could not be checked from here.
    case skipped
  }

  let level: Level
  /// What was looked at, in one or two words.
  let check: String
  let text: String
  /// What to do about it; empty where there is nothing to do.
  let remedy: String

  static func ok(_ check: String, _ text: String) -> Finding {
    Finding(level: .ok, check: check, text: text, remedy: "")
  }

  static func warning(_ check: String, _ text: String, remedy: String) -> Finding {
    Finding(level: .warning, check: check, text: text, remedy: remedy)
  }

  static func failed(_ check: String, _ text: String, remedy: String) -> Finding {
    Finding(level: .failed, check: check, text: text, remedy: remedy)
  }

  static func skipped(_ check: String, _ text: String) -> Finding {
    Finding(level: .skipped, check: check, text: text, remedy: "")
  }

  var document: JSON {
    var members: JSON.Members = [
      "check": .string(check), "level": .string(level.rawValue), "text": .string(text),
    ]
    if !remedy.isEmpty { members.append("remedy", .string(remedy)) }
    return .object(members)
  }

  static func text(of findings: [Finding], on terminal: Terminal) -> String {
    let width = findings.map(\.check.count).max() ?? 0
    var text = ""
    for finding in findings {
      let (word, color): (String, Terminal.Color) =
        switch finding.level {
        case .ok: ("ok  ", .green)
        case .warning: ("warn", .yellow)
        case .failed: ("FAIL", .red)
        case .skipped: ("skip", .faint)
        }
      let indent = String(repeating: " ", count: width + 8)
      let gap = String(repeating: " ", count: width - finding.check.count + 2)
      let lines = finding.text.split(separator: "\n").map { Table.Cell(String($0)).text }
      text += terminal.paint(word, color) + "  " + finding.check + gap
      text += lines.joined(separator: "\n" + indent) + "\n"
      for line in finding.remedy.split(separator: "\n") { text += indent + "→ " + line + "\n" }
    }
    func count(_ level: Level) -> Int { findings.count { $0.level == level } }
    return text + "\n\(count(.ok)) ok, \(count(.warning)) to look at, \(count(.failed)) failed"
      + (count(.skipped) > 0 ? ", \(count(.skipped)) not checked" : "") + "\n"
  }
}
