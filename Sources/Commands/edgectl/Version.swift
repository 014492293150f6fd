// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON

struct Version: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the versions of this program and of the agent.")

  @Flag(help: "This program's alone.")
  var client = false

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    let terminal = Terminal.standard
    terminal.out("edgectl   \(Edgectl.version)\n")
    if client { return }
    let node = try await connection.withClient { try await $0.send(.get, ["v1", "node"]).json }
    terminal.out("edgecore  \(node["version"]?.string ?? "") on \(node["name"]?.string ?? "")\n")
  }
}
