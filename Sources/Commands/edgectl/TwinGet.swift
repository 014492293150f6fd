// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import DeviceAPI
internal import JSON

struct TwinGet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Show the twin of a device.",
    discussion: """
      Examples:
        edgectl twin get pump-1                         all properties
        edgectl twin get pump-1 temperature             one of them
        edgectl twin get pump-1 temperature -o value    its value alone
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, yaml, value }

  @Argument(help: "NAME or NAMESPACE/NAME.", completion: Completions.devices)
  var device: String

  @Argument(help: "One property.", completion: Completions.properties)
  var property: String?

  @Option(name: [.customShort("o"), .long], help: "How to print; value needs a property.")
  var output = Format.table

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    if output == .value, property == nil { throw ValidationError("-o value needs a property.") }
    _ = try DeviceArgument.parse(device, namespace: namespace.namespace)
  }

  func run() async throws {
    let name = try DeviceArgument.parse(device, namespace: namespace.namespace)
    let path =
      ["v1", "devices", name.namespace, name.name] + (property.map { ["properties", $0] } ?? [])
    let json = try await connection.withClient { try await $0.send(.get, path).json }
    let terminal = Terminal.standard
    switch output {
    case .json: terminal.out(PrettyJSON.text(json))
    case .yaml: terminal.out(YAMLWriter.text(of: json))
    case .value:
      guard let value = json["reported"]?["value"], !value.isNull else {
        throw Failure(.failed, "\(name) has not reported \(property ?? "") yet")
      }
      terminal.out(TwinView.text(of: value) + "\n")
    case .table:
      if let property {
        terminal.out(TwinView.table(of: [property: json], on: terminal))
      } else {
        terminal.out(TwinView.text(of: json, on: terminal))
      }
    }
  }
}
