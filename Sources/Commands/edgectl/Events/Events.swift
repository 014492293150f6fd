// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

struct Events: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what happened on the node: who changed what, links, mappers, the agent.",
    discussion: """
      The newest stand last. Kinds: change (somebody asked for something), outcome
      (what became of a desired value), link, mapper, node. Levels: info; warning,
      a person should look; error, something does not work until a person acts.

      Examples:
        edgectl events
        edgectl events --device plant/pump-1 --since 1h
        edgectl events --kind change -o wide              who, and from where
        edgectl events --level warning --follow
      """,
    aliases: ["event"])

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, wide, json }

  @Option(
    help: ArgumentHelp(
      "Only events of these kinds, between commas: change, outcome, link, mapper, node.",
      valueName: "kinds"),
    completion: .list(EventRecord.Kind.allCases.map(\.rawValue)))
  var kind: String?

  @Option(
    help: ArgumentHelp("Only of this device, NAME or NAMESPACE/NAME.", valueName: "device"),
    completion: Completions.devices)
  var device: String?

  @Option(
    help: ArgumentHelp("This level and those above: info, warning, error.", valueName: "level"),
    completion: .list(EventRecord.Level.allCases.map(\.rawValue)))
  var level: String?

  @Option(
    help: ArgumentHelp(
      "Only what is younger, such as 15m, 1h or 2d; or since 09:30.", valueName: "time"))
  var since: String?

  @Option(help: ArgumentHelp("The newest events, this many at most.", valueName: "number"))
  var limit = 50

  @Flag(name: [.customShort("f"), .long], help: "Go on with what happens.")
  var follow = false

  @Option(name: [.customShort("o"), .long], help: "How to print; json is an object a line.")
  var output = Format.table

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    for kind in kinds where EventRecord.Kind(rawValue: kind) == nil {
      let known = EventRecord.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--kind \(kind): expected some of \(known).")
    }
    if let level, EventRecord.Level(rawValue: level) == nil {
      throw ValidationError("--level \(level): expected info, warning or error.")
    }
    if let since, Self.moment(since) == nil {
      throw ValidationError("--since \(since): expected a time such as 15m, 1h, 2d or 09:30.")
    }
    guard (0...100_000).contains(limit) else {
      throw ValidationError("--limit \(limit): expected 0 to 100000.")
    }
    if let device { _ = try DeviceArgument.parse(device, namespace: namespace.namespace) }
  }

  func run() async throws {
    let filter = try filter()
    let terminal = Terminal.standard
    try await connection.withClient { client in
      let log = EventLog(client)
      // What happens from now on begins behind what is listed.
      let events = try await log.newest(
        filter, limit: max(limit, follow ? 1 : 0), since: since.flatMap(Self.moment))
      let listed = limit == 0 ? [] : events
      if output == .json {
        for event in listed { terminal.out(event.text + "\n") }
      } else if listed.isEmpty, !follow {
        return terminal.error("No events.\n")
      }
      var table = EventTable(isWide: output == .wide)
      if output != .json { terminal.out(table.text(of: listed, on: terminal)) }
      guard follow else { return }
      try await log.follow(filter, after: events.last?["id"]?.int) { event in
        terminal.out(output == .json ? event.text + "\n" : table.line(of: event, on: terminal))
      } missed: { count in
        terminal.error("\(count) events were not seen: they came faster than they were taken.\n")
      }
    }
  }

  private var kinds: [String] { kind?.split(separator: ",").map(String.init) ?? [] }

  private func filter() throws -> [(String, String)] {
    var query: [(String, String)] = []
    if let kind { query.append(("kind", kind)) }
    if let level { query.append(("level", level)) }
    if let device {
      query.append(
        ("device", try DeviceArgument.parse(device, namespace: namespace.namespace).description))
    }
    return query
  }

  /// Unix milliseconds.
  private static func moment(_ text: String) -> Int64? {
    TimeArgument.span(text).map { WallClock.system.milliseconds - $0 } ?? TimeArgument.parse(text)
  }
}
