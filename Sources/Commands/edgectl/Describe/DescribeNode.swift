// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON

struct DescribeNode: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "Show the agent: state, links, mappers, counters, events.",
    aliases: ["nodes"])

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client in
      let node = try await client.send(.get, ["v1", "node"]).json
      let mappers = try await client.send(.get, ["v1", "mappers"]).json["items"]?.array ?? []
      let devices = try await client.devices([("limit", "5000")])
      let events = await Describe.events([], client)
      let terminal = Terminal.standard
      terminal.out(
        Self.text(of: node, mappers: mappers, devices: devices, events: events, on: terminal))
    }
  }

  static func text(
    of node: JSON, mappers: [JSON], devices: [JSON], events: [String], on terminal: Terminal
  ) -> String {
    var sections = Sections(terminal)
    let isReady = node["ready"]?.bool == true
    sections.facts([
      ("Name", .init(node["name"]?.string ?? "")),
      ("Version", .init(node["version"]?.string ?? "")),
      ("Started", DescribeDevice.moment(node["startTime"])),
      ("Time", node["time"]?.string.map { .init(EventTable.time($0)) }),
      ("Ready", .init(isReady ? "yes" : "no", isReady ? .green : .red)),
      (
        "Modules", .init(node["modules"]?.array?.compactMap(\.string).joined(separator: ", ") ?? "")
      ),
    ])
    sections.list(
      "Not ready", node["notReady"]?.array?.compactMap(\.string).map { Table.Cell($0).text } ?? [])
    sections.list("Devices", Self.states(devices), ifEmpty: "none")
    var table = Table(MapperRow.header(isWide: false))
    for mapper in mappers { table.add(MapperRow.cells(of: mapper, isWide: false)) }
    sections.list("Mappers", table, ifEmpty: "none")
    var counters = Table(["COUNTER", "VALUE"])
    for row in NodeView.counters(of: node) { counters.add(row) }
    sections.list("Counters", counters)
    sections.list("Events", events)
    return sections.text
  }

  /// How many are in each state.
  private static func states(_ devices: [JSON]) -> Table {
    var table = Table(["STATE", "DEVICES"])
    let states = Dictionary(grouping: devices) { $0["link"]?["state"]?.string ?? "-" }
    for (state, devices) in states.sorted(by: { $0.key < $1.key }) {
      table.add([DeviceRow.state(state), .init("\(devices.count)")])
    }
    return table
  }
}
