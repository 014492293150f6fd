// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

struct TwinSet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Set desired values of a device: all of them or none.",
    discussion: """
      Returns once the values are on the agent's disk; with --wait once the
      device has them. PROPERTY- takes a desired value back.

      Examples:
        edgectl twin set pump-1 setpoint=22
        edgectl twin set pump-1 setpoint=22 mode=auto --wait --timeout 30s
        edgectl twin set pump-1 setpoint=22 --if-version 7
        edgectl twin set pump-1 setpoint-
      """)

  @Argument(help: "NAME or NAMESPACE/NAME.")
  var device: String

  @Argument(
    help: ArgumentHelp("PROPERTY=VALUE, or PROPERTY- to take the value back.", valueName: "property=value"))
  var assignments: [Assignment]

  @Flag(help: "Wait until the values are applied or failed.")
  var wait = false

  @Option(help: ArgumentHelp("How long to wait at most, up to 60s.", valueName: "time"))
  var timeout: String?

  @Option(help: ArgumentHelp("Set only if this is the desired version of the twin.", valueName: "version"))
  var ifVersion: Int64?

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  private static let defaultTimeout = "5s"
  private static let longest = Duration.seconds(60)

  func validate() throws {
    _ = try DeviceArgument.parse(device, namespace: namespace.namespace)
    if timeout != nil, !wait { throw ValidationError("--timeout goes with --wait.") }
    guard let limit = Duration(parsing: timeout ?? Self.defaultTimeout), limit <= Self.longest else {
      throw ValidationError("--timeout \(timeout ?? ""): expected a time such as 500ms or 5s, up to 60s.")
    }
  }

  func run() async throws {
    let name = try DeviceArgument.parse(device, namespace: namespace.namespace)
    let timeout = timeout ?? Self.defaultTimeout
    let limit = (wait ? Duration(parsing: timeout) ?? .zero : .zero) + .seconds(10)
    let reply = try await connection.withClient { client in
      try await client.send(
        .patch, ["v1", "devices", name.namespace, name.name],
        query: wait ? [("wait", "applied"), ("timeout", timeout)] : [],
        body: Assignment.patch(assignments).text,
        type: "application/merge-patch+json",
        headers: ifVersion.map { [("if-match", "\"\($0)\"")] } ?? [], within: limit)
    }
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
    for name in assignments.map(\.property).reduce(
      into: [String](), { if !$0.contains($1) { $0.append($1) } })
    {
      guard let property = twin["properties"]?[name], property["desired"] != nil else {
        text += "\(name): nothing desired\n"
        continue
      }
      let value = TwinView.value(of: property["desired"], unit: property["unit"]?.string)
      let state = TwinView.state(of: property)
      text += "\(name): \(value) \(terminal.paint(state.text, state.color))\n"
    }
    return text
  }
}
