// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

struct TwinSet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Set desired values of one device or of many: all of them or none.",
    discussion: """
      Returns once the values are on the agent's disk; with --wait once the
      devices have them. PROPERTY- takes a desired value back. Of several devices
      either all get the values or none; with --each those that can.

      Examples:
        edgectl twin set pump-1 setpoint=22
        edgectl twin set pump-1 setpoint=22 mode=auto --wait --timeout 30s
        edgectl twin set pump-1 setpoint=22 --if-version 7
        edgectl twin set pump-1 mode=auto --if-reported mode=manual
        edgectl twin set pump-1 setpoint-
        edgectl twin set pump-1 pump-2 plant/pump-3 setpoint=22
        edgectl twin set -l line=1 --where 'temperature.reported > 80' setpoint=22 --each
      """)

  @Argument(
    help: ArgumentHelp(
      "Devices (NAME or NAMESPACE/NAME), then PROPERTY=VALUE, or PROPERTY- to take the value back.",
      valueName: "device|property=value"),
    completion: Completions.assignments)
  var words: [String]

  @Option(
    name: [.customShort("l"), .long],
    help: ArgumentHelp("All devices with these labels, in place of names.", valueName: "labels"))
  var selector: String?

  @Option(
    help: ArgumentHelp(
      "All devices for which this holds, in place of names.", valueName: "expression"))
  var `where`: String?

  @Flag(
    name: [.customShort("A"), .long], help: "With -l or --where: the devices of all namespaces.")
  var allNamespaces = false

  @Flag(help: "Of several devices: set those that can, though others cannot.")
  var each = false

  @Flag(help: "Wait until the values are applied or failed.")
  var wait = false

  @Option(help: ArgumentHelp("How long to wait at most, up to 60s.", valueName: "time"))
  var timeout: String?

  @Option(
    help: ArgumentHelp("Set only if this is the desired version of the twin.", valueName: "version")
  )
  var ifVersion: Int64?

  @Option(
    help: ArgumentHelp(
      "Set a property only if the device reports this value of it; may be given several times.",
      valueName: "property=value"))
  var ifReported: [KeyValue] = []

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  static let defaultTimeout = "5s"
  private static let longest = Duration.seconds(60)

  /// Names come first: no name of a device holds '=' or ends in '-'.
  private var parts: (devices: [String], assignments: [Assignment]) {
    get throws {
      var devices: [String] = []
      var assignments: [Assignment] = []
      for word in words {
        if let assignment = Assignment(argument: word) {
          assignments.append(assignment)
        } else if assignments.isEmpty {
          devices.append(word)
        } else {
          throw ValidationError(
            "'\(word)': expected PROPERTY=VALUE, or PROPERTY- to take a value back.")
        }
      }
      return (devices, assignments)
    }
  }

  func validate() throws {
    let (devices, assignments) = try parts
    for device in devices { _ = try DeviceArgument.parse(device, namespace: namespace.namespace) }
    guard !assignments.isEmpty else {
      throw ValidationError("Say what to set: PROPERTY=VALUE, or PROPERTY- to take a value back.")
    }
    for (index, assignment) in assignments.enumerated()
    where assignments[..<index].contains(where: { $0.property == assignment.property }) {
      throw ValidationError("\(assignment.property) is given twice.")
    }
    let chooses = selector != nil || `where` != nil
    guard devices.isEmpty == chooses else {
      throw ValidationError(
        chooses
          ? "Devices are named: -l and --where choose among all."
          : "Say which device, or -l or --where.")
    }
    if allNamespaces, !chooses || namespace.namespace != nil {
      throw ValidationError("-A goes with -l or --where, and without -n.")
    }
    if ifVersion != nil, chooses || devices.count > 1 {
      throw ValidationError("--if-version goes with one device.")
    }
    for pair in ifReported
    where !assignments.contains(where: { $0.property == pair.key && $0.value != nil }) {
      throw ValidationError("--if-reported \(pair.key): that property is not set here.")
    }
    if timeout != nil, !wait { throw ValidationError("--timeout goes with --wait.") }
    guard let limit = Duration(parsing: timeout ?? Self.defaultTimeout), limit <= Self.longest
    else {
      throw ValidationError(
        "--timeout \(timeout ?? ""): expected a time such as 500ms or 5s, up to 60s.")
    }
  }

  func run() async throws {
    let (words, assignments) = try parts
    let names = try words.map { try DeviceArgument.parse($0, namespace: namespace.namespace) }
    let conditions = try KeyValue.members(ifReported) { _ in .string }
    try await connection.withClient { client in
      if let name = names.first, names.count == 1 {
        return try await setOne(name, assignments, conditions, client)
      }
      let targets = names.isEmpty ? try await chosen(client) : names
      guard !targets.isEmpty else { throw Failure(.notFound, "no device matches: nothing was set") }
      let update = TwinUpdate(
        devices: targets, assignments: assignments, conditions: conditions, isEach: each,
        timeout: wait ? timeout ?? Self.defaultTimeout : nil)
      try await update.run(client, on: Terminal.standard)
    }
  }

  private func chosen(_ client: AgentClient) async throws -> [DeviceName] {
    var query: [(String, String)] = []
    if !allNamespaces {
      query.append(("namespace", namespace.namespace ?? DeviceArgument.defaultNamespace))
    }
    if let selector { query.append(("labelSelector", selector)) }
    if let `where` { query.append(("where", `where`)) }
    return try await client.devices(query).compactMap {
      DeviceName(parsing: DeviceRow.name(of: $0))
    }
  }

  private func setOne(
    _ name: DeviceName, _ assignments: [Assignment], _ conditions: JSON.Members,
    _ client: AgentClient
  ) async throws {
    let timeout = timeout ?? Self.defaultTimeout
    let limit = (wait ? Duration(parsing: timeout) ?? .zero : .zero) + .seconds(10)
    let reply = try await client.send(
      .patch, ["v1", "devices", name.namespace, name.name],
      query: wait ? [("wait", "applied"), ("timeout", timeout)] : [],
      body: Assignment.patch(assignments, conditions: conditions).text,
      type: "application/merge-patch+json",
      headers: ifVersion.map { [("if-match", "\"\($0)\"")] } ?? [], within: limit)
    let terminal = Terminal.standard
    terminal.out(Self.report(assignments, twin: reply.json, on: terminal))
    guard reply.status == 202 else { return }
    throw Failure(
      .timeout, "not applied within \(timeout)",
      hint:
        "The value stays desired, and the agent keeps trying. 'edgectl twin watch \(name)' shows how it goes."
    )
  }

  /// A line a property: what is desired now, and how far that is.
  static func report(_ assignments: [Assignment], twin: JSON, on terminal: Terminal) -> String {
    var text = ""
    for name in assignments.map(\.property) {
      guard let property = twin["properties"]?[name], property["desired"] != nil else {
        text += "\(name): nothing desired\n"
        continue
      }
      let value = TwinView.value(of: property["desired"], unit: property["unit"]?.string)
      let state = TwinView.state(of: property)
      text += "\(name): \(Table.Cell(value).text) \(terminal.paint(state.text, state.color))\n"
    }
    return text
  }
}
