// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

struct GetMethods: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods",
    abstract: "Show what a device can do: its methods, with arguments and result.",
    discussion: """
      FLAGS: 'idempotent' does the same when it is called twice, 'changes' changes
      the device, 'confirm' can do harm and needs a confirmation.

      Examples:
        edgectl get methods plant/pump-1
        edgectl call plant/pump-1 reset       calls one
      """,
    aliases: ["method"])

  @Argument(help: "NAME or NAMESPACE/NAME.", completion: Completions.devices)
  var device: String

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = OutputFormat.table

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws { _ = try DeviceArgument.parse(device, namespace: namespace.namespace) }

  func run() async throws {
    let name = try DeviceArgument.parse(device, namespace: namespace.namespace)
    let document = try await connection.withClient { client in
      try await client.send(.get, ["v1", "devices", name.namespace, name.name, "methods"]).json
    }
    let methods = document["items"]?.array ?? []
    let terminal = Terminal.standard
    if let text = output.document(document) {
      terminal.out(text)
    } else if output == .name {
      terminal.out(methods.map { ($0["name"]?.string ?? "") + "\n" }.joined())
    } else if methods.isEmpty {
      terminal.error("\(name) has no methods.\n")
    } else {
      var table = Table(MethodRow.header)
      for method in methods { table.add(MethodRow.cells(of: method)) }
      terminal.out(table.text(on: terminal))
    }
  }
}

/// A method as a row of the table of methods.
enum MethodRow {
  static let header = ["METHOD", "ARGUMENTS", "RESULT", "FLAGS", "SUMMARY"]

  static func cells(of method: JSON) -> [Table.Cell] {
    let arguments = (method["arguments"]?.array ?? []).map {
      ($0["name"]?.string ?? "") + "=" + ($0["type"]?.string ?? "").uppercased()
    }
    let flags = [
      ("idempotent", "idempotent"), ("changesState", "changes"), ("needsConfirmation", "confirm"),
    ]
    .compactMap { method[$0.0]?.bool == true ? $0.1 : nil }
    return [
      .init(method["name"]?.string ?? ""),
      .init(arguments.isEmpty ? "-" : arguments.joined(separator: " ")),
      .init(method["result"]?.string ?? "-"),
      .init(
        flags.isEmpty ? "-" : flags.joined(separator: ","),
        flags.contains("confirm") ? .yellow : nil),
      .init(method["summary"]?.string ?? ""),
    ]
  }
}
