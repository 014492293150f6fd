// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

struct TwinWatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Follow values as they change, a line a change.",
    discussion: """
      Begins with the values of now. When changes come faster than the reader
      takes them, values between are left out, never the latest.

      Examples:
        edgectl twin watch
        edgectl twin watch plant/pump-1 --property temperature
        edgectl twin watch -n plant -o json    an object a line: event and data
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

  @Argument(
    help: "NAME or NAMESPACE/NAME; every device if absent.", completion: Completions.devices)
  var device: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Only this property; may be given several times.", valueName: "name"),
    completion: Completions.properties)
  var property: [String] = []

  @Option(
    name: [.short, .long], help: "The namespace; all of them if neither it nor a device is given.")
  var namespace: String?

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = Format.table

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    if let device { _ = try DeviceArgument.parse(device, namespace: namespace) }
  }

  func run() async throws {
    let device = try device.map { try DeviceArgument.parse($0, namespace: namespace) }
    var query = property.map { ("property", $0) }
    if let device {
      query.append(("device", device.description))
    } else if let namespace {
      query.append(("namespace", namespace))
    }
    try await connection.withClient { client in
      // What is not there would be waited for without a word.
      if let device {
        let twin = try await client.send(.get, ["v1", "devices", device.namespace, device.name])
          .json
        for name in property where twin["properties"]?[name] == nil {
          throw Failure(
            .notFound, "\(device) has no property \(name).",
            hint: "'edgectl twin get \(device)' lists them.")
        }
      }
      let terminal = Terminal.standard
      var tracker = DeviceTracker()
      var lines = ChangeLines()
      if output == .table { terminal.out(lines.header(on: terminal)) }
      try await client.watch(query: query) { event in
        if output == .json {
          terminal.out(
            #"{"event":"# + JSON.string(event.name).text + #","data":"# + event.data + "}\n")
        } else if let change = try tracker.take(event) {
          terminal.out(lines.text(of: change, on: terminal))
        }
        return true
      }
    }
  }
}
