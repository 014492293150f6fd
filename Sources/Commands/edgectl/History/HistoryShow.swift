// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import DeviceAPI
internal import JSON

struct HistoryShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Plot or list properties of a device (the default).",
    discussion: """
      A plot shows the average of each step as a line, the least and the greatest
      value as a bar, and × on the axis where readings failed. Times are local;
      those of csv and json are UTC. A table without --step lists the samples.

      Examples:
        edgectl history pump-1 temperature pressure --from -6h
        edgectl history pump-1 temperature --step 1m -o json
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case plot, table, csv, json, yaml }

  @Argument(help: "NAME or NAMESPACE/NAME.", completion: Completions.devices)
  var device: String

  @Argument(help: "Properties; none lists what is kept.", completion: Completions.properties)
  var properties: [String] = []

  @OptionGroup var range: HistoryRange

  @Option(
    help: ArgumentHelp("One row a step of this length, such as 10s or 5m.", valueName: "time"))
  var step: String?

  @Option(help: ArgumentHelp("Samples at most, without --step.", valueName: "number"))
  var limit = 1000

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = Format.plot

  @Option(help: ArgumentHelp("Rows of a plot.", valueName: "number"))
  var height: Int?

  @Flag(help: "Plot without Unicode's characters.")
  var ascii = false

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    _ = try DeviceArgument.parse(device, namespace: namespace.namespace)
    if let step, (TimeArgument.span(step) ?? 0) <= 0 {
      throw ValidationError("--step \(step): expected a time such as 10s, 5m or 1d.")
    }
    if let height, !(2...100).contains(height) {
      throw ValidationError("--height \(height): expected 2 to 100.")
    }
    guard (1...1_000_000).contains(limit) else {
      throw ValidationError("--limit \(limit): expected 1 to 1000000.")
    }
    if output == .csv, properties.count != 1 {
      throw ValidationError("-o csv takes one property; 'edgectl history export' takes several.")
    }
  }

  func run() async throws {
    let name = try DeviceArgument.parse(device, namespace: namespace.namespace)
    try await connection.withClient { client in
      if properties.isEmpty { return try await list(name, client) }
      let times = try range.times(now: WallClock.system.milliseconds)
      var documents: [JSON] = []
      for (index, property) in properties.enumerated() {
        let answer = try await HistoryRecord.fetch(
          name, property, from: times.from, to: times.to, step: stepLength(times), limit: limit,
          client)
        documents.append(answer.whole)
        if index > 0, output == .plot || output == .table { Terminal.standard.out("\n") }
        try await show(answer, name, property, client)
      }
      let document = documents.count == 1 ? documents[0] : ["items": .array(documents)]
      if let text = OutputFormat(rawValue: output.rawValue)?.document(document) {
        Terminal.standard.out(text)
      }
    }
  }

  /// A plot needs as many steps as it has columns.
  private func stepLength(_ times: (from: Int64, to: Int64)) -> Int64? {
    let asked = step.flatMap(TimeArgument.span)
    guard output == .plot else { return asked }
    let columns = Plot.resolution(width: Terminal.standard.size.columns, isASCII: isASCII)
    let least = max(1, (times.to - times.from) / Int64(columns))
    return max(asked ?? 0, least)
  }

  private func show(
    _ answer: HistoryRecord, _ device: DeviceName, _ property: String, _ client: AgentClient
  )
    async throws
  {
    let terminal = Terminal.standard
    if output == .csv { return terminal.out(HistoryView.csv(answer)) }
    guard output == .plot || output == .table else { return }
    terminal.out(HistoryView.title(device, property, answer, on: terminal))
    guard !answer.rows.isEmpty else { return terminal.out("Nothing is kept of this time.\n") }
    if output == .plot, answer.isNumeric {
      let size = terminal.size
      let height = height ?? min(max(size.rows - 6, 4), 16)
      terminal.out(
        HistoryView.plot(
          answer, width: size.columns, height: height, isASCII: isASCII, on: terminal))
    } else if output == .plot {
      // A text has no curve: its values as they came.
      let samples = try await HistoryRecord.fetch(
        device, property, from: answer.from, to: answer.to, step: nil, limit: limit, client)
      terminal.out(HistoryView.table(samples, on: terminal))
    } else {
      terminal.out(HistoryView.table(answer, on: terminal))
      if answer.next != nil {
        terminal.error("There is more: --limit, --step or a shorter time.\n")
      }
    }
    terminal.out(HistoryView.summary(answer.summary))
  }

  private func list(_ name: DeviceName, _ client: AgentClient) async throws {
    let document = try await client.send(
      .get, ["v1", "devices", name.namespace, name.name, "history"]
    ).json
    let terminal = Terminal.standard
    if let text = OutputFormat(rawValue: output.rawValue)?.document(document) {
      return terminal.out(text)
    }
    let items = document["items"]?.array ?? []
    guard !items.isEmpty else { return terminal.error("Nothing is kept of \(name).\n") }
    terminal.out(HistoryView.extents(items, on: terminal))
  }

  /// The text consoles of Linux have no braille.
  private var isASCII: Bool {
    ascii || ["linux", "dumb"].contains(Terminal.environment("TERM") ?? "")
  }
}
