// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON

struct DescribeMapper: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mapper",
    abstract: "Show a mapper: state, faults, counters, drivers, devices, events.",
    aliases: ["mappers"])

  @Argument(help: "Its file name, with or without .so.", completion: Completions.mappers)
  var file: String

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    let file = file.hasSuffix(".so") ? file : file + ".so"
    try await connection.withClient { client in
      let mapper = try await client.send(.get, ["v1", "mappers", file]).json
      let ids = mapper["drivers"]?.array?.compactMap { $0["id"]?.string } ?? []
      let devices =
        ids.isEmpty ? [] : try await client.devices([("protocol", ids.joined(separator: ","))])
      let name = mapper["file"]?.string ?? file
      let events = try? await EventLog(client).newest([("kind", "mapper")], limit: 500).filter {
        EventTable.text(of: $0).contains(name) || $0["details"]?["file"]?.string == name
          || $0["details"]?["mapper"]?.string == name
      }
      let terminal = Terminal.standard
      var table = EventTable(isWide: false)
      let lines =
        (events ?? []).isEmpty ? "" : table.text(of: (events ?? []).suffix(10), on: terminal)
      terminal.out(
        Self.text(
          of: mapper, devices: devices, events: lines.split(separator: "\n").map(String.init),
          on: terminal))
    }
  }

  static func text(of mapper: JSON, devices: [JSON], events: [String], on terminal: Terminal)
    -> String
  {
    var sections = Sections(terminal)
    let state = MapperRow.state(mapper["state"]?.string ?? "-")
    let restarts = mapper["restarts"]?.int ?? 0
    sections.facts([
      ("File", .init(mapper["file"]?.string ?? "")),
      ("Path", mapper["path"]?.string.map { .init($0) }),
      ("Name", mapper["name"]?.string.map { .init($0) }),
      ("Version", mapper["version"]?.string.map { .init($0) }),
      ("SHA-256", mapper["hash"]?.string.map { .init($0 + "…") }), ("State", state),
      ("Why", mapper["message"]?.string.map { .init($0, .red) }),
      ("Isolation", mapper["isolation"]?.string.map { .init($0) }),
      ("Process", mapper["processID"]?.int.map { .init("\($0)") }),
      ("Started", DescribeDevice.moment(mapper["startTime"])),
      ("Restarts", .init("\(restarts)", restarts > 0 ? .yellow : nil)),
      ("Last fault", mapper["lastFault"]?.string.map { .init($0, .yellow) }),
      ("Faulted", DescribeDevice.moment(mapper["lastFaultTime"])),
    ])
    var counters = Table(["COUNTER", "VALUE"])
    for counter in mapper["counters"]?.object ?? [:] {
      counters.add([.init(counter.name), .init(TwinView.text(of: counter.value))])
    }
    sections.list("Counters", counters)
    for driver in mapper["drivers"]?.array ?? [] { add(driver, to: &sections) }
    var table = Table(["DEVICE", "STATE", "SYNC", "REASON"])
    for device in devices {
      table.add([
        .init(DeviceRow.name(of: device)), DeviceRow.state(device["link"]?["state"]?.string ?? "-"),
        DeviceRow.sync(of: device), .init(device["link"]?["reason"]?.string ?? ""),
      ])
    }
    sections.list("Devices", table, ifEmpty: "none")
    sections.list("Events", events)
    return sections.text
  }

  private static func add(_ driver: JSON, to sections: inout Sections) {
    let id = driver["id"]?.string ?? ""
    let abilities = [("canScan", "scans for devices"), ("canDescribe", "describes devices")]
      .compactMap { driver[$0.0]?.bool == true ? $0.1 : nil }
    let extensions = driver["extensions"]?.array?.compactMap(\.string) ?? []
    var lines = [
      "Title: \(Table.Cell(driver["title"]?.string ?? "-").text)",
      "Extensions: \(extensions.isEmpty ? "none" : extensions.joined(separator: ", "))",
    ]
    if !abilities.isEmpty { lines.append("Discovery: " + abilities.joined(separator: ", ")) }
    sections.list("Driver \(id)", lines)
    for (member, title) in [("deviceSchema", "of a device"), ("pointSchema", "of a property")] {
      sections.list("Settings \(title) of \(id)", settings(driver[member]))
    }
    var methods = Table(MethodRow.header)
    for method in driver["methods"]?.array ?? [] { methods.add(MethodRow.cells(of: method)) }
    sections.list("Methods of \(id)", methods)
  }

  private static func settings(_ schema: JSON?) -> Table {
    var table = Table(["KEY", "VALUE", "DEFAULT", "DESCRIPTION"])
    guard let schema else { return table }
    for row in ScanDriver(["scanSchema": schema], file: "").rows
    where row.count == 5 && row[1].text != "-" {
      table.add(Array(row.dropFirst()))
    }
    return table
  }
}
