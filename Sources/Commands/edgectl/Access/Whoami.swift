// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import JSON

struct Whoami: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show as whom the agent sees you, and what you may do.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, yaml }

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = Format.text

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    let me = try await connection.withClient { try await $0.send(.get, ["v1", "whoami"]).json }
    switch output {
    case .json: Terminal.standard.out(PrettyJSON.text(me))
    case .yaml: Terminal.standard.out(YAMLWriter.text(of: me))
    case .text: Terminal.standard.out(Self.text(of: me))
    }
  }

  /// `root (unix socket, pid 4711): admin, all namespaces`
  static func text(of me: JSON) -> String {
    let source =
      me["source"]?.string.flatMap { $0.isEmpty ? nil : " (\(Table.Cell($0).text))" } ?? ""
    let namespaces = me["namespaces"]?.array?.compactMap(\.string).joined(separator: ", ")
    return
      "\(Table.Cell(me["name"]?.string ?? "-").text)\(source): \(me["scope"]?.string ?? "none"), "
      + (namespaces.map { "namespaces " + $0 } ?? "all namespaces") + "\n"
  }
}
