// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON

struct GetMappers: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mappers",
    abstract: "Show the mapper libraries: state, devices, restarts, last fault.",
    discussion: """
      Examples:
        edgectl get mappers -o wide
        edgectl get mappers modbus.so -o yaml    with its schemas
      """,
    aliases: ["mapper"])

  @Argument(help: "One mapper, by its file name.", completion: Completions.mappers)
  var file: String?

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = OutputFormat.table

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client in
      let document = try await client.send(.get, ["v1", "mappers"] + (file.map { [$0] } ?? [])).json
      show(file == nil ? document["items"]?.array ?? [] : [document], document: document)
    }
  }

  private func show(_ mappers: [JSON], document: JSON) {
    let terminal = Terminal.standard
    if let text = output.document(document) {
      terminal.out(text)
    } else if output == .name {
      terminal.out(mappers.map { ($0["file"]?.string ?? "") + "\n" }.joined())
    } else if mappers.isEmpty {
      terminal.error("No mappers. Copy a library into a mappers folder of the agent.\n")
    } else {
      var table = Table(MapperRow.header(isWide: output == .wide))
      for mapper in mappers { table.add(MapperRow.cells(of: mapper, isWide: output == .wide)) }
      terminal.out(table.text(on: terminal))
    }
  }
}

/// A mapper as a row of the table of mappers.
enum MapperRow {
  static func header(isWide: Bool) -> [String] {
    let common = ["FILE", "VERSION", "STATE", "AGE", "DEVICES", "RESTARTS"]
    return isWide
      ? common + [
        "ISOLATION", "PID", "READS", "FAILED", "WRITES", "FAILED", "MISSED", "DROPPED", "DRIVERS",
        "METHODS",
        "LAST FAULT",
      ]
      : common + ["LAST FAULT"]
  }

  static func cells(of mapper: JSON, isWide: Bool) -> [Table.Cell] {
    let counters = mapper["counters"]
    func count(_ name: String) -> Table.Cell { .init("\(counters?[name]?.int ?? 0)") }
    let restarts = mapper["restarts"]?.int ?? 0
    let cells: [Table.Cell] = [
      .init(mapper["file"]?.string ?? ""), .init(mapper["version"]?.string ?? "-"),
      state(mapper["state"]?.string ?? "-"), .init(Age.text(since: mapper["startTime"]?.string)),
      count("devices"),
      .init("\(restarts)", restarts > 0 ? .yellow : nil),
    ]
    let fault = Table.Cell(fault(of: mapper))
    guard isWide else { return cells + [fault] }
    let drivers = mapper["drivers"]?.array?.compactMap { $0["id"]?.string } ?? []
    let methods =
      mapper["drivers"]?.array?.reduce(0) { $0 + ($1["methods"]?.array?.count ?? 0) } ?? 0
    return cells + [
      .init(mapper["isolation"]?.string ?? "-"),
      .init(mapper["processID"]?.int.map { "\($0)" } ?? "-"),
      count("reads"), count("readFailures"),
      count("writes"),
      count("writeFailures"), count("missedCycles"), count("droppedSamples"),
      .init(drivers.isEmpty ? "-" : drivers.joined(separator: ",")), .init("\(methods)"), fault,
    ]
  }

  static func state(_ state: String) -> Table.Cell {
    switch state {
    case "running": .init(state, .green)
    case "starting", "restarting": .init(state, .yellow)
    case "refused", "removed": .init(state, .red)
    default: .init(state)
    }
  }

  /// Why it does not run now, else how it last ended.
  static func fault(of mapper: JSON) -> String {
    if let message = mapper["message"]?.string { return message }
    guard let fault = mapper["lastFault"]?.string else { return "" }
    return "\(fault), \(Age.text(since: mapper["lastFaultTime"]?.string)) ago"
  }
}
