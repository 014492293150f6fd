// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI

struct HistoryExport: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the samples of a device as CSV or JSON lines.",
    discussion: """
      Columns: time (RFC 3339, UTC), property, value, quality. However much it is,
      it is passed on as it comes.

      Examples:
        edgectl history export plant/pump-1 > pump-1.csv
        edgectl history export pump-1 -p temperature --from -1w --format jsonl
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case csv, jsonl }

  @Argument(help: "NAME or NAMESPACE/NAME.", completion: Completions.devices)
  var device: String

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Only this property; may be given several times.", valueName: "name"),
    completion: Completions.properties)
  var property: [String] = []

  @Option(
    help: ArgumentHelp(
      "From when on, as in 'edgectl history' (default: all that is kept).", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Until when, in the same forms.", valueName: "time"))
  var to = "now"

  @Option(help: "How to write.")
  var format = Format.csv

  @Option(help: ArgumentHelp("Write to a new file.", valueName: "file"), completion: .file())
  var file: String?

  @OptionGroup var namespace: NamespaceOption
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    _ = try DeviceArgument.parse(device, namespace: namespace.namespace)
    _ = try times()
  }

  private func times() throws -> (from: Int64?, to: Int64) {
    let now = WallClock.system.milliseconds
    guard let from else { return (nil, try HistoryRange.moment(to, "--to", now: now)) }
    return try HistoryRange.times(from: from, to: to, now: now)
  }

  func run() async throws {
    let name = try DeviceArgument.parse(device, namespace: namespace.namespace)
    let times = try times()
    var query = [("to", "\(times.to)"), ("format", format.rawValue)]
    if let from = times.from { query.append(("from", "\(from)")) }
    if !property.isEmpty { query.append(("property", property.joined(separator: ","))) }
    let path = ["v1", "devices", name.namespace, name.name, "history", "export"]
    let target = try file.map { path throws(Failure) in try NewFile(path) }
    do {
      try await connection.withClient { client in
        try await client.download(path, query: query) { piece in
          if let target { try target.write(piece) } else { Terminal.standard.out(bytes: piece) }
        }
      }
    } catch {
      // Half a file would look like a whole one.
      target?.remove()
      throw error
    }
    target?.close()
  }
}
