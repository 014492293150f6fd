// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

struct GetDevices: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "Show devices: link state, and whether they are as desired.",
    discussion: """
      SYNC is 'yes' when every desired value is what the device reports; else it
      says how many are pending or have failed, or that some differ. LAST ONLINE
      is how long ago the device was last known to answer.

      Examples:
        edgectl get devices
        edgectl get devices plant/pump-1 -o yaml
        edgectl get devices -A -l 'line in (1,2)' --state offline,degraded
        edgectl get devices -A --where 'temperature.reported > 80' --sort -temperature.reported
        edgectl get devices -A --watch
      """,
    aliases: ["device"])

  @Argument(help: "One device: NAME or NAMESPACE/NAME.", completion: Completions.devices)
  var name: String?

  @Option(name: [.short, .long], help: "The namespace (default: default).")
  var namespace: String?

  @Flag(name: [.customShort("A"), .long], help: "The devices of all namespaces.")
  var allNamespaces = false

  @Option(
    name: [.customShort("l"), .long],
    help: ArgumentHelp(
      "Only devices with these labels: key=value, key!=value, 'key in (a,b)', key, !key.",
      valueName: "labels"
    ))
  var selector: String?

  @Option(help: ArgumentHelp("Only devices in these states, between commas.", valueName: "states"))
  var state: String?

  @Option(
    help: ArgumentHelp(
      "Only devices for which this holds.",
      discussion:
        "Values of the twin, quality, age and link state compared; the grammar is in docs/api.md.",
      valueName: "expression"))
  var `where`: String?

  @Option(
    help: ArgumentHelp(
      "Sort by these keys, between commas; -KEY from the greatest down.", valueName: "keys"))
  var sort: String?

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = OutputFormat.table

  @Flag(name: [.short, .long], help: "Go on with a line whenever a device changes its state.")
  var watch = false

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    if allNamespaces, namespace != nil { throw ValidationError("-A and -n exclude each other.") }
    let chooses = selector != nil || state != nil || `where` != nil || sort != nil
    if name != nil, chooses || allNamespaces {
      throw ValidationError(
        "A device is named: -A, -l, --state, --where and --sort choose among several.")
    }
    if watch, chooses { throw ValidationError("--watch takes no -l, --state, --where and --sort.") }
    if watch, output != .table, output != .wide {
      throw ValidationError(
        "--watch prints a table; 'edgectl twin watch -o json' follows values for programs.")
    }
    if let name { _ = try DeviceArgument.parse(name, namespace: namespace) }
  }

  func run() async throws {
    let device = try name.map { try DeviceArgument.parse($0, namespace: namespace) }
    try await connection.withClient { client in
      if watch { return try await follow(client, device: device) }
      if let device {
        let twin = try await client.send(.get, ["v1", "devices", device.namespace, device.name])
          .json
        show([twin], document: twin)
      } else {
        let devices = try await list(client)
        show(devices, document: ["items": .array(devices)])
      }
    }
  }

  /// Programs get whole twins, since they cannot guess what a table leaves out.
  private func list(_ client: AgentClient) async throws -> [JSON] {
    var query: [(String, String)] = []
    if !allNamespaces { query.append(("namespace", namespace ?? DeviceArgument.defaultNamespace)) }
    if let selector { query.append(("labelSelector", selector)) }
    if let state { query.append(("state", state)) }
    if let `where` { query.append(("where", `where`)) }
    if let sort { query.append(("sort", sort)) }
    if output == .json || output == .yaml { query.append(("fields", "full")) }
    return try await client.devices(query)
  }

  private func show(_ devices: [JSON], document: JSON) {
    let terminal = Terminal.standard
    if let text = output.document(document) {
      terminal.out(text)
    } else if output == .name {
      terminal.out(devices.map { DeviceRow.name(of: $0) + "\n" }.joined())
    } else if devices.isEmpty {
      terminal.error(
        allNamespaces
          ? "No devices.\n"
          : "No devices in namespace \(namespace ?? DeviceArgument.defaultNamespace).\n")
    } else {
      var table = Table(columns.header)
      for device in devices { table.add(columns.cells(of: device)) }
      terminal.out(table.text(on: terminal))
    }
  }

  private func follow(_ client: AgentClient, device: DeviceName?) async throws {
    // A device that is not there would be waited for without a word.
    if let device {
      _ = try await client.send(.get, ["v1", "devices", device.namespace, device.name])
    }
    var query: [(String, String)] = []
    if let device {
      query.append(("device", device.description))
    } else if !allNamespaces {
      query.append(("namespace", namespace ?? DeviceArgument.defaultNamespace))
    }
    let terminal = Terminal.standard
    var table = Table(columns.header)
    // Columns as wide as what is there now needs; they grow with what comes.
    for device in try await device == nil ? list(client) : [] {
      table.widen(for: columns.cells(of: device))
    }
    terminal.out(table.headerLine(on: terminal))
    var tracker = DeviceTracker()
    var shown: [String: [Table.Cell]] = [:]
    try await client.watch(query: query) { event in
      guard let change = try tracker.take(event) else { return true }
      let name = DeviceRow.name(of: change.device)
      if change.isRemoved {
        shown[name] = nil
        terminal.out("\(name) removed\n")
        return true
      }
      let cells = columns.cells(of: change.device)
      // Ages alone are no change.
      let compared = columns.withoutAges(cells)
      guard shown[name] != compared else { return true }
      shown[name] = compared
      table.widen(for: cells)
      terminal.out(table.line(cells, on: terminal))
      return true
    }
  }

  private var columns: DeviceRow { DeviceRow(hasNamespace: allNamespaces, isWide: output == .wide) }
}
