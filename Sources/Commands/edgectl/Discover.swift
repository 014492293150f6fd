// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

struct Discover: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look for devices through a driver, and turn what is found into manifests.",
    discussion: """
      Without a driver, lists those that can look for devices, and their options.
      What is found is numbered and shown with the driver's confidence that it is
      a device of its kind. --pick chooses by number; --apply declares the chosen
      ones, --save and -o yaml write their manifests. Ctrl-C cancels the scan.

      Examples:
        edgectl discover                                     who can look, and how
        edgectl discover modbus ip=10.0.0.7 unitFrom=1 unitTo=10
        edgectl discover modbus ip=10.0.0.7 --pick 1 --name boiler --apply
        edgectl discover virtual count=2 -o yaml > devices.yaml
        edgectl discover --device plant/pump-1               what a device has
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, yaml, json }

  @Argument(help: "The driver: protocolName of manifests.", completion: Completions.drivers)
  var driver: String?

  @Argument(
    help: ArgumentHelp(
      "KEY=VALUE, an option of the scan; may be given several times.", valueName: "key=value"))
  var options: [KeyValue] = []

  @Option(
    help: ArgumentHelp("Ask this device what it has, in place of a scan.", valueName: "device"),
    completion: Completions.devices)
  var device: String?

  @Option(help: ArgumentHelp("How long to look at most, up to 1h.", valueName: "time"))
  var timeout = "60s"

  @Option(
    help: ArgumentHelp("The find of this number; may be given several times.", valueName: "number"))
  var pick: [Int] = []

  @Option(help: ArgumentHelp("The name of the device that a find becomes.", valueName: "name"))
  var name: String?

  @Flag(help: "Declare what was chosen, as 'edgectl apply' does.")
  var apply = false

  @Flag(help: "With --apply: also where there is a device of that name.")
  var replace = false

  @Option(
    help: ArgumentHelp("Write the manifests to a new file.", valueName: "file"), completion: .file()
  )
  var save: String?

  @Option(
    name: [.customShort("o"), .long],
    help: "How to print: yaml is the manifests, json all that is known.")
  var output = Format.table

  @Option(name: [.short, .long], help: "The namespace of what is found (default: default).")
  var namespace: String?

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    guard let limit = Duration(parsing: timeout), limit <= ScanRequest.longestTimeout, limit > .zero
    else {
      throw ValidationError("--timeout \(timeout): expected a time such as 30s or 5m, up to 1h.")
    }
    if let device {
      if driver != nil { throw ValidationError("--device and a driver exclude each other.") }
      _ = try DeviceArgument.parse(device, namespace: namespace)
    }
    if let driver, driver.contains("=") {
      throw ValidationError("'\(driver)' is an option: the driver comes first.")
    }
    if let name {
      if pick.count > 1 { throw ValidationError("--name goes with one find.") }
      _ = try DeviceArgument.parse(name, namespace: namespace)
    }
    if let number = pick.first(where: { $0 < 1 }) {
      throw ValidationError("--pick \(number): the first find is 1.")
    }
    if Set(pick).count < pick.count { throw ValidationError("--pick names a find twice.") }
    if replace, !apply { throw ValidationError("--replace goes with --apply.") }
    if driver == nil, device == nil, apply || save != nil || name != nil || !pick.isEmpty {
      throw ValidationError(
        "A driver is missing; 'edgectl discover' lists those that can look for devices.")
    }
  }

  func run() async throws {
    let terminal = Terminal.standard
    try await connection.withClient { client in
      if driver == nil, device == nil { return try await listDrivers(client, on: terminal) }
      // What stands in the way is better known before a scan of an hour than after it.
      if let save { try NewFile.check(save) }
      let finds = try await look(client, on: terminal)
      let manifests = try chosen(finds)
      switch output {
      case .table: if finds.items.isEmpty { terminal.error("Nothing was found.\n") }
      case .json: terminal.out(PrettyJSON.text(finds.document))
      case .yaml: terminal.out(FoundManifest.yaml(manifests))
      }
      if let save, !manifests.isEmpty {
        try NewFile.create(save, text: FoundManifest.yaml(manifests))
        terminal.error("Written to \(save).\n")
      }
      if apply, !manifests.isEmpty { try await declare(manifests, client, on: terminal) }
      if let failure = finds.failure { throw failure }
      if finds.items.isEmpty, apply || save != nil { throw Failure(.notFound, "nothing was found") }
    }
  }

  // MARK: - Looking

  private func look(_ client: AgentClient, on terminal: Terminal) async throws -> FindList {
    var finds = FindList()
    var table = Table(FindList.header)
    var line = ProgressLine(terminal)
    func take(_ event: ServerSentEvent) throws -> Bool {
      if let progress = FindList.progress(event, found: finds.items.count) { line.show(progress) }
      if let find = try finds.take(event), output == .table {
        line.clear()
        let cells = FindList.cells(of: find, number: finds.items.count)
        table.widen(for: cells)
        if finds.items.count == 1 { terminal.out(table.headerLine(on: terminal)) }
        terminal.out(table.line(cells, on: terminal))
        for note in find["notes"]?.array?.compactMap(\.string) ?? [] {
          terminal.error("  \(Table.Cell(note).text)\n")
        }
      }
      return finds.end == nil
    }
    defer { line.clear() }
    if let device = try device.map({ try DeviceArgument.parse($0, namespace: namespace) }) {
      try await client.follow(
        .post, ["v1", "devices", device.namespace, device.name, "describe"],
        query: [("timeout", timeout)],
        take)
    } else if let driver {
      let options = try await options(for: driver, client)
      var query = [("timeout", timeout)]
      if let namespace { query.append(("namespace", namespace)) }
      try await client.follow(
        .post, ["v1", "drivers", driver, "scan"], query: query, json: .object(options), take)
    }
    return finds
  }

  /// Read as the driver's schema has them.
  private func options(for driver: String, _ client: AgentClient) async throws -> JSON.Members {
    if options.isEmpty { return [:] }
    let known = try await drivers(client).first { $0.id == driver }
    return try KeyValue.members(options) { known?.type(of: $0) ?? .string }
  }

  private func drivers(_ client: AgentClient) async throws -> [ScanDriver] {
    let mappers = try await client.send(.get, ["v1", "mappers"]).json["items"]?.array ?? []
    var whole: [JSON] = []
    for file in Set(ScanDriver.all(in: mappers).map(\.file)).sorted() {
      whole.append(try await client.send(.get, ["v1", "mappers", file]).json)
    }
    return ScanDriver.all(in: whole)
  }

  private func listDrivers(_ client: AgentClient, on terminal: Terminal) async throws {
    let drivers = try await drivers(client)
    let document: JSON = ["items": .array(drivers.map(\.document))]
    if let text = OutputFormat(rawValue: output.rawValue)?.document(document) {
      return terminal.out(text)
    }
    guard !drivers.isEmpty else {
      return terminal.error(
        "No driver can look for devices. 'edgectl get mappers' lists the mappers.\n")
    }
    var table = Table(ScanDriver.header)
    for row in drivers.flatMap(\.rows) { table.add(row) }
    terminal.out(table.text(on: terminal))
  }

  // MARK: - Taking

  private func chosen(_ finds: FindList) throws -> [FoundManifest] {
    if apply || name != nil, pick.isEmpty, finds.items.count > 1 {
      throw Failure(
        .usage, "\(finds.items.count) devices were found",
        hint: "--pick NUMBER says which of them is meant.")
    }
    var manifests = try finds.chosen(pick).map { FoundManifest($0) }
    if let name, !manifests.isEmpty {
      manifests[0].rename(to: try DeviceArgument.parse(name, namespace: namespace))
    }
    return manifests
  }

  private func declare(_ manifests: [FoundManifest], _ client: AgentClient, on terminal: Terminal)
    async throws
  {
    for name in replace ? [] : manifests.compactMap(\.name) {
      guard try await exists(name, client) else { continue }
      throw Failure(
        .conflict, "there is a device \(name) already",
        hint: "--name gives the find another name, --replace changes that device.")
    }
    let reply = try await client.send(
      .put, ["v1", "manifests"], query: [("source", "discover")],
      body: FoundManifest.list(manifests).text)
    terminal.out(ChangeList.text(of: reply.json))
  }

  private func exists(_ name: DeviceName, _ client: AgentClient) async throws -> Bool {
    do throws(Failure) {
      _ = try await client.send(.get, ["v1", "devices", name.namespace, name.name])
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }
}
