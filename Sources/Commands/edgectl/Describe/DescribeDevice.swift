// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

struct DescribeDevice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device",
    abstract: "Show a device: link, mapper, properties, methods, history, events.",
    aliases: ["devices"])

  @Argument(help: "NAME or NAMESPACE/NAME.", completion: Completions.devices)
  var device: String

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws { _ = try DeviceArgument.parse(device, namespace: namespace.namespace) }

  func run() async throws {
    let name = try DeviceArgument.parse(device, namespace: namespace.namespace)
    let path = ["v1", "devices", name.namespace, name.name]
    try await connection.withClient { client in
      let twin = try await client.send(.get, path).json
      // What an older agent has not got, or we may not see, is left out.
      let mappers = try? await client.send(.get, ["v1", "mappers"]).json["items"]?.array
      let methods = try? await client.send(.get, path + ["methods"]).json["items"]?.array
      let history = try? await client.send(.get, path + ["history"]).json["items"]?.array
      let events = await Describe.events([("device", name.description)], client)
      let terminal = Terminal.standard
      terminal.out(
        Self.text(
          of: twin, mappers: (mappers ?? nil) ?? [], methods: methods ?? nil,
          history: history ?? nil,
          events: events, on: terminal))
    }
  }

  static func text(
    of twin: JSON, mappers: [JSON], methods: [JSON]?, history: [JSON]?, events: [String],
    on terminal: Terminal
  ) -> String {
    var sections = Sections(terminal)
    let link = twin["link"]
    let state = DeviceRow.state(link?["state"]?.string ?? "-")
    let labels = twin["labels"]?.object?.map { $0.name + "=" + ($0.value.string ?? "") } ?? []
    sections.facts([
      ("Name", .init(twin["name"]?.string ?? "")),
      ("Namespace", .init(twin["namespace"]?.string ?? "")),
      ("Labels", .init(labels.isEmpty ? "-" : labels.joined(separator: ", "))),
      ("Model", .init(twin["model"]?.string ?? "-")),
      ("Protocol", .init(twin["protocol"]?.string ?? "-")),
      ("Mapper", mapper(of: twin, mappers)),
      ("Link", .init(state.text + (link?["reason"]?.string.map { ": " + $0 } ?? ""), state.color)),
      ("Since", moment(link?["since"])), ("Last online", moment(link?["lastOnline"])),
      ("Desired version", .init("\(twin["desiredVersion"]?.int ?? 0)")),
      ("Reported version", .init("\(twin["reportedVersion"]?.int ?? 0)")),
    ])
    let properties = twin["properties"]?.object ?? [:]
    sections.list(
      "Properties",
      properties.isEmpty
        ? [] : TwinView.table(of: properties, on: terminal).split(separator: "\n").map(String.init),
      ifEmpty: "none")
    sections.list("Types", types(of: properties))
    if let methods, !methods.isEmpty {
      var table = Table(MethodRow.header)
      for method in methods { table.add(MethodRow.cells(of: method)) }
      sections.list("Methods", table)
    }
    if let history, !history.isEmpty {
      sections.list(
        "History",
        HistoryView.extents(history, on: terminal).split(separator: "\n").map(String.init))
    }
    sections.list("Events", events)
    return sections.text
  }

  private static func types(of properties: JSON.Members) -> Table {
    var table = Table(["PROPERTY", "TYPE", "UNIT", "ACCESS", "RANGE", "SOURCE"])
    for property in properties {
      let value = property.value
      let bounds =
        switch (value["min"], value["max"]) {
        case (let low?, let high?): "\(TwinView.text(of: low)) to \(TwinView.text(of: high))"
        case (let low?, nil): "from \(TwinView.text(of: low))"
        case (nil, let high?): "up to \(TwinView.text(of: high))"
        case (nil, nil): "-"
        }
      table.add([
        .init(property.name), .init(value["type"]?.string ?? "-"),
        .init(value["unit"]?.string ?? "-"),
        .init(value["access"]?.string == "readOnly" ? "read" : "read, write"), .init(bounds),
        .init(value["mapped"]?.bool == true ? "mapper" : "MQTT"),
      ])
    }
    return table
  }

  /// The library whose driver has the device's protocol; the later folder wins, which is the one that runs.
  private static func mapper(of twin: JSON, _ mappers: [JSON]) -> Table.Cell? {
    guard let id = twin["protocol"]?.string else { return nil }
    let candidates = mappers.filter {
      $0["drivers"]?.array?.contains { $0["id"]?.string == id } == true
    }
    guard
      let mapper = candidates.first(where: { $0["state"]?.string == "running" }) ?? candidates.first
    else {
      return .init("none has the protocol \(id)", .red)
    }
    let state = mapper["state"]?.string ?? "-"
    let text = "\(mapper["file"]?.string ?? "") \(mapper["version"]?.string ?? ""), \(state)"
    return .init(
      text + (mapper["message"]?.string.map { ": " + $0 } ?? ""), state == "running" ? nil : .yellow
    )
  }

  /// `2026-11-24 09:30:00, 5m ago`
  static func moment(_ time: JSON?) -> Table.Cell? {
    guard let text = time?.string else { return nil }
    return .init("\(EventTable.time(text)), \(Age.text(since: text)) ago")
  }
}
