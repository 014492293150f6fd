// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import DeviceAPI
internal import JSON
internal import NIOPosix

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the node, and say what to do about what is wrong.",
    discussion: """
      Looks at the agent, its configuration, folders, broker, certificates, clock,
      the kernel's limits, mappers, devices, manifests and tokens. It works without
      a running agent too; with --server it asks the agent alone. As root it sees
      most. The exit status is 1 when something has failed, 0 otherwise.

      Examples:
        edgectl doctor
        edgectl doctor --config /etc/selvedge/edgecore.yaml
        edgectl doctor -o json
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

  @Option(
    help: ArgumentHelp(
      "The agent's configuration (default: where edgecore looks).", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var config: String?

  @Option(
    help: ArgumentHelp("The folder of edgecore's --root, if it has one.", valueName: "dir"),
    completion: .directory)
  var root: String?

  @Flag(help: "Print only what is not well.")
  var quiet = false

  @Option(name: [.customShort("o"), .long], help: "How to print.")
  var output = Format.table

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    let findings = await Self.findings(connection, config: config, root: root)
    let shown = quiet ? findings.filter { $0.level == .warning || $0.level == .failed } : findings
    let terminal = Terminal.standard
    switch output {
    case .table: terminal.out(Finding.text(of: shown, on: terminal))
    case .json: terminal.out(PrettyJSON.text(["items": .array(shown.map(\.document))]))
    }
    guard findings.contains(where: { $0.level == .failed }) else { return }
    throw ExitCode(Outcome.failed.rawValue)
  }

  static func findings(_ connection: ConnectionOptions, config: String?, root: String?) async
    -> [Finding]
  {
    let places = Places(root: root)
    let now = WallClock.system.nanoseconds
    var place = connection.place
    // The socket of that root, unless one is named.
    if root != nil, case .socket(ConnectionOptions.defaultSocket) = place {
      place = .socket(places.twinSocket)
    }
    var facts = AgentFacts()
    do throws(Failure) {
      let client = try connection.client(at: place)
      facts = await AgentFacts.gather(client)
      await client.close()
    } catch {
      facts.failure = error
    }
    let checks = AgentChecks(facts: facts, now: now)
    guard case .socket(let path) = place else {
      return [ReachChecks(place: place, failure: facts.failure).agent()] + checks.run()
    }
    let failure = facts.failure
    let isDown = failure != nil
    let local = try? await NIOThreadPool.singleton.runIfActive {
      let (configuration, findings) = ConfigurationChecks(places: places, path: config, now: now)
        .load()
      let agent = isDown ? LocalAgent.byName : LocalAgent(socket: path)
      let system = SystemChecks(
        places: places, configuration: configuration, agent: agent, now: now
      ).run()
      let storage = configuration.map { StorageChecks(configuration: $0).run() } ?? []
      let reach = ReachChecks(place: .socket(path), failure: failure).agent()
      return (configuration: configuration, findings: [reach] + findings + storage + system)
    }
    var findings = local?.findings ?? []
    if isDown, let configuration = local?.configuration ?? nil {
      findings += await ReachChecks.brokers(configuration)
    }
    return findings + checks.run()
  }
}
