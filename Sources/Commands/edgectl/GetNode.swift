// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON

struct GetNode: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node",
    abstract: "Show the agent: version, uptime, modules, and with -o wide its counters.")

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = OutputFormat.table

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    let node = try await connection.withClient { try await $0.send(.get, ["v1", "node"]).json }
    let terminal = Terminal.standard
    if let text = output.document(node) {
      terminal.out(text)
    } else if output == .name {
      terminal.out((node["name"]?.string ?? "") + "\n")
    } else {
      terminal.out(NodeView.text(of: node, isWide: output == .wide, on: terminal))
    }
  }
}

enum NodeView {
  static func text(of node: JSON, isWide: Bool, on terminal: Terminal) -> String {
    var table = Table(["NAME", "VERSION", "READY", "UP", "DEVICES", "MODULES"])
    let isReady = node["ready"]?.bool == true
    let modules = node["modules"]?.array?.compactMap(\.string) ?? []
    table.add([
      .init(node["name"]?.string ?? ""), .init(node["version"]?.string ?? ""),
      .init(isReady ? "yes" : "no", isReady ? .green : .red),
      .init(Age.text(since: node["startTime"]?.string)),
      .init("\(node["devices"]?.int ?? 0)"), .init(modules.joined(separator: ",")),
    ])
    var text = table.text(on: terminal)
    for reason in node["notReady"]?.array?.compactMap(\.string) ?? [] {
      text += terminal.paint("Not ready: ", .red) + reason + "\n"
    }
    guard isWide, node["counters"]?.object?.isEmpty == false else { return text }
    var list = Table(["COUNTER", "VALUE"])
    for row in counters(of: node) { list.add(row) }
    return text + "\n" + list.text(on: terminal)
  }

  /// Rows of names and values.
  static func counters(of node: JSON) -> [[Table.Cell]] {
    guard let counters = node["counters"]?.object, !counters.isEmpty else { return [] }
    return rows(of: .object(counters), path: "")
  }

  /// Nested objects as dotted names; the parts of an array by number, unless it has one only.
  private static func rows(of json: JSON, path: String) -> [[Table.Cell]] {
    if let items = json.array, !items.isEmpty {
      return items.enumerated().flatMap {
        rows(of: $1, path: items.count == 1 ? path : "\(path).\($0)")
      }
    }
    guard let members = json.object else {
      return [[.init(path), .init(json.string ?? json.text)]]
    }
    return members.flatMap {
      rows(of: $0.value, path: path.isEmpty ? $0.name : path + "." + $0.name)
    }
  }
}
