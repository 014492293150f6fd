// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import DeviceAPI
internal import Glibc
internal import JSON
internal import NIOPosix

struct SupportBundle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "support-bundle",
    abstract: "Write what helps to find a fault into one file, without secrets.",
    discussion: """
      The node, its mappers, devices (with --values their values too), events,
      metrics, configuration and manifests, what 'edgectl doctor' finds, the
      journal of the service, and limits of the machine. Passwords, tokens and keys
      are replaced by (hidden), also where they stand in logs. It works without a
      running agent too; as root it sees most.

      Examples:
        edgectl support-bundle
        edgectl support-bundle --values --since 7d --file /tmp/pump.tar.gz
        edgectl support-bundle --log /var/log/edgecore.log
      """)

  @Option(
    help: ArgumentHelp(
      "The file to make, .tar.gz or .tar (default: selvedge-NODE-TIME.tar.gz here).",
      valueName: "file"),
    completion: .file())
  var file: String?

  @Flag(help: "With the values of devices, and of changes.")
  var values = false

  @Option(help: ArgumentHelp("How far back the journal and the events go.", valueName: "time"))
  var since = "24h"

  @Option(
    help: ArgumentHelp(
      "Also this log file, its last 8 MB; may be given several times.", valueName: "file"),
    completion: .file())
  var log: [String] = []

  @Option(
    help: ArgumentHelp(
      "The agent's configuration (default: where edgecore looks).", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var config: String?

  @Option(
    help: ArgumentHelp("The folder of edgecore's --root, if it has one.", valueName: "dir"),
    completion: .directory)
  var root: String?

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    if let file, !file.hasSuffix(".tar.gz"), !file.hasSuffix(".tar") {
      throw ValidationError("--file \(file): expected a name that ends in .tar.gz or .tar.")
    }
    guard (TimeArgument.span(since) ?? 0) > 0 else {
      throw ValidationError("--since \(since): expected a time such as 2h or 7d.")
    }
  }

  func run() async throws {
    let now = WallClock.system.milliseconds
    let facts = await gather(now: now)
    let isLocal = if case .socket = connection.place { true } else { false }
    let findings = await Doctor.findings(connection, config: config, root: root)
    let collector = BundleCollector(
      places: Places(root: root), config: config, logFiles: log,
      since: "-\((TimeArgument.span(since) ?? 0) / 1000)s")
    let name =
      "selvedge-\(safe(facts.node?["name"]?.string ?? HostName.current))-\(Self.stamp(now))"
    let hasValues = values
    let target = file ?? (name + (Program.find("gzip") == nil ? ".tar" : ".tar.gz"))
    let (content, written) = try await NIOThreadPool.singleton.runIfActive {
      var content = BundleContent(hasValues: hasValues)
      if isLocal { collector.addConfiguration(to: &content) }
      facts.add(to: &content)
      content.add(
        "doctor.txt", Finding.text(of: findings, on: Terminal(hasColor: false)),
        "what edgectl doctor found")
      if isLocal {
        collector.addLogs(to: &content)
        collector.addSystem(to: &content, agent: facts.agent, processes: facts.runners)
      }
      let node = facts.node?["name"]?.string ?? HostName.current
      let title = "Support bundle of \(node), \(RFC3339.text(now * 1_000_000)), edgectl \(Edgectl.version)"
      let bytes = content.archive(folder: name, time: now / 1000, title: title)
      return (content, try Self.write(bytes, to: target))
    }
    let terminal = Terminal.standard
    var table = Table(["FILE", "SIZE", "CONTENT"])
    for entry in content.entries {
      table.add([
        .init(entry.name), .init(NumberText.size(Int64(entry.bytes.count))), .init(entry.note),
      ])
    }
    terminal.out(table.text(on: terminal))
    for line in content.missing { terminal.error("left out: \(Table.Cell(line).text)\n") }
    terminal.out(
      "\nWritten to \(target), \(NumberText.size(Int64(written))). Look through it before you give it away.\n"
    )
  }

  // MARK: - The agent

  private struct Facts: Sendable {
    var node: JSON?
    var documents: [(name: String, json: JSON, note: String)] = []
    var devices: [JSON]?
    var events: [JSON]?
    var metrics: String?
    var missing: [(String, String)] = []
    var agent: LocalAgent?
    var runners: [Int32] = []

    func add(to content: inout BundleContent) {
      for (name, json, note) in documents { content.add(name, json, note) }
      if let devices { content.addDevices(devices) }
      if let events { content.addEvents(events) }
      if let metrics { content.add("metrics.txt", metrics, "figures, as Prometheus reads them") }
      for (name, why) in missing { content.miss(name, why) }
    }
  }

  private func gather(now: Int64) async -> Facts {
    var facts = Facts()
    var place = connection.place
    if let root, case .socket(ConnectionOptions.defaultSocket) = place {
      place = .socket(Places(root: root).twinSocket)
    }
    do throws(Failure) {
      let client = try connection.client(at: place)
      await gather(&facts, client, now: now)
      await client.close()
    } catch {
      facts.missing.append(("node.json", error.message))
    }
    if case .socket(let path) = place {
      facts.agent = try? await NIOThreadPool.singleton.runIfActive {
        LocalAgent(socket: path) ?? LocalAgent.byName
      }
    }
    return facts
  }

  private func gather(_ facts: inout Facts, _ client: AgentClient, now: Int64) async {
    for (name, path, note) in [
      ("node.json", ["node"], "the agent"), ("mappers.json", ["mappers"], "the mapper libraries"),
      ("manifest-problems.json", ["manifests"], "what is wrong in the manifests"),
    ] {
      do throws(Failure) {
        let json = try await client.send(.get, ["v1"] + path).json
        facts.documents.append((name, json, note))
        if name == "node.json" { facts.node = json }
        if name == "mappers.json" {
          facts.runners = (json["items"]?.array ?? []).compactMap {
            $0["processID"]?.int.flatMap { Int32(exactly: $0) }
          }
        }
      } catch {
        facts.missing.append((name, error.message))
        // Without an agent the others fare no better.
        if error.code == .unreachable { return }
      }
    }
    do throws(Failure) {
      facts.devices = try await client.devices([("fields", "full")])
    } catch {
      facts.missing.append(("devices.json", error.message))
    }
    do throws(Failure) {
      let start = now - (TimeArgument.span(since) ?? 0)
      facts.events = try await EventLog(client).newest([], limit: 5000, since: start)
    } catch {
      facts.missing.append(("events.jsonl", error.message))
    }
    do throws(Failure) {
      facts.metrics = try await client.text(["metrics"])
    } catch {
      facts.missing.append(("metrics.txt", error.message))
    }
  }

  // MARK: - The file

  /// - Returns: its size.
  private static func write(_ bytes: [UInt8], to path: String) throws(Failure) -> Int {
    try NewFile.check(path)
    let isCompressed = path.hasSuffix(".gz")
    let plain = isCompressed ? String(path.dropLast(3)) : path
    // For nobody else's eyes, whatever the redactor found.
    let file = try NewFile(plain, mode: 0o600)
    do throws(Failure) {
      try file.write(bytes)
    } catch {
      file.remove()
      throw error
    }
    file.close()
    guard isCompressed else { return bytes.count }
    guard Program.run("gzip", ["-9", "--", plain], seconds: 60)?.status == 0 else {
      unlink(plain)
      throw Failure(
        .failed, "\(path): gzip is not there, or failed", hint: "--file NAME.tar does without it.")
    }
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  private func safe(_ name: String) -> String {
    String(
      name.prefix(40).map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" })
  }

  /// `20261124T093000Z`
  private static func stamp(_ milliseconds: Int64) -> String {
    RFC3339.text(milliseconds * 1_000_000).prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
  }
}
