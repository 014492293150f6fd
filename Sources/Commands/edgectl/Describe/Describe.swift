// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct Describe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show all about a device, a mapper or the node, with what happened last.",
    discussion: """
      Examples:
        edgectl describe device plant/pump-1
        edgectl describe mapper modbus.so
        edgectl describe node
      """,
    subcommands: [DescribeDevice.self, DescribeMapper.self, DescribeNode.self])

  /// The last events of a filter; empty where the agent has no log of them, or we may not read it.
  static func events(_ filter: [(String, String)], _ client: AgentClient) async -> [String] {
    guard let events = try? await EventLog(client).newest(filter, limit: 10), !events.isEmpty else {
      return []
    }
    var table = EventTable(isWide: false)
    return table.text(of: events, on: Terminal.standard).split(separator: "\n").map(String.init)
  }
}

/// Text in sections: names with values beside them, and lists below.
struct Sections {
  private(set) var text = ""
  private let terminal: Terminal
  private var width = 0

  init(_ terminal: Terminal) { self.terminal = terminal }

  /// Names with values in a column; those without a value are left out.
  mutating func facts(_ facts: [(name: String, value: Table.Cell?)]) {
    width = max(width, facts.map(\.name.count).max() ?? 0)
    for (name, value) in facts {
      guard let value, !value.text.isEmpty else { continue }
      let gap = String(repeating: " ", count: width - name.count + 2)
      text +=
        terminal.paint(name + ":", .bold) + gap + terminal.paint(value.text, value.color) + "\n"
    }
  }

  /// A heading with lines below it.
  mutating func list(_ title: String, _ lines: [String], ifEmpty words: String? = nil) {
    guard !lines.isEmpty || words != nil else { return }
    text += "\n" + terminal.paint(title + ":", .bold) + "\n"
    for line in lines { text += "  " + line + "\n" }
    if lines.isEmpty, let words { text += "  " + words + "\n" }
  }

  mutating func list(_ title: String, _ table: Table, ifEmpty words: String? = nil) {
    list(
      title, table.isEmpty ? [] : table.text(on: terminal).split(separator: "\n").map(String.init),
      ifEmpty: words)
  }
}
