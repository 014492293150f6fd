// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import DeviceAPI
internal import EdgeCore
internal import Glibc
internal import Logging

@main
struct EdgeCoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edgecore",
    abstract: "The Selvedge edge agent: drives devices through mappers and keeps their twins.",
    discussion: """
      Without options it reads /etc/selvedge/edgecore.yaml, or KubeEdge's /etc/kubeedge/config/edgecore.yaml.
      Flags win over the file.

      A node without a cloud, with everything under one folder:
        edgecore --standalone --root /tmp/node
      """,
    version: SelvedgeVersion.text,
    subcommands: [ConfigCommand.self])

  @OptionGroup(title: "Configuration") var general: GeneralOptions
  @OptionGroup(title: "Module eventBus") var eventBus: EventBusFlags
  @OptionGroup(title: "Module mapperHost") var mapperHost: MapperHostFlags
  @OptionGroup(title: "Module metaManager") var metaManager: MetaManagerFlags
  @OptionGroup(title: "Module twinAPI") var twinAPI: TwinAPIFlags

  /// Wrong usage ends with 2, as in the other programs.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      let text = Array((fullMessage(for: error) + "\n").utf8)
      _ = write(STDERR_FILENO, text, text.count)
      exit(withError: ExitCode(2))
    }
  }

  func run() async throws {
    let places = Places(root: general.root)
    if general.defaultconfig {
      return print(
        EdgeCoreConfiguration.defaultYAML(places: places, hostName: HostName.current), terminator: "")
    }
    if general.minconfig {
      return print(
        EdgeCoreConfiguration.minimalYAML(places: places, hostName: HostName.current), terminator: "")
    }
    let log = logger()
    let configuration = try load(places, log)
    do {
      let signals = try Signals()
      let agent = try await Agent.compose(
        configuration, places: places, runner: mapperHost.runner ?? Self.runnerBesideThisProgram(), log: log)
      try await agent.start()
      let service = ServiceManager()
      service?.ready()
      let watchdog = try service.flatMap { try Watchdog($0, loops: agent.group, log: log) }
      for await signal in signals.all {
        if case .stop(let name) = signal {
          log.notice("stopping", metadata: ["signal": "\(name)"])
          break
        }
        service?.reloading()
        // A file that is wrong changes nothing.
        do {
          agent.reload(try load(places, log, isReload: true))
        } catch {
          log.error("the configuration was not read again: \(error)")
        }
        service?.ready()
      }
      watchdog?.stop()
      service?.stopping()
      await agent.stop()
      log.notice("stopped")
    } catch {
      throw Failure(description: "\(error)")
    }
  }

  private func logger() -> Logger {
    let format = general.logFormat
    LoggingSystem.bootstrap { label in
      switch format {
      case .text: StreamLogHandler.standardError(label: label)
      case .json: JSONLogHandler()
      }
    }
    var log = Logger(label: "edgecore")
    log.logLevel = general.logLevel.level
    return log
  }

  /// The file, then the flags over it; logs what is in force.
  private func load(_ places: Places, _ log: Logger, isReload: Bool = false) throws -> EdgeCoreConfiguration {
    let loaded: EdgeCoreConfiguration.Loaded
    do {
      loaded = try EdgeCoreConfiguration.load(
        path: general.config, places: places, hostName: HostName.current, standalone: general.standalone)
    } catch {
      throw Failure(description: error.description)
    }
    for warning in loaded.warnings { log.warning("\(warning)") }
    var configuration = loaded.configuration
    if general.standalone { configuration.makeStandalone() }
    if let name = general.nodeName { configuration.edged.hostnameOverride = name }
    try eventBus.apply(to: &configuration)
    mapperHost.apply(to: &configuration)
    metaManager.apply(to: &configuration)
    twinAPI.apply(to: &configuration)

    if isReload { return configuration }
    let effective = configuration.effective.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    log.notice(
      "effective configuration: \(effective)",
      metadata: ["file": "\(loaded.file ?? "none, defaults")", "version": "\(SelvedgeVersion.text)"])
    if !configuration.standalone.enable {
      log.warning("this version has no link to a cloud: without standalone.enable nothing declares devices")
    }
    return configuration
  }

  /// mapper-runner is installed beside edgecore.
  private static func runnerBesideThisProgram() -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let size = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(decoding: buffer.prefix(max(0, size)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let slash = path.lastIndex(of: "/") else { return "mapper-runner" }
    return path[...slash] + "mapper-runner"
  }

  /// An error whose text is all there is to say.
  private struct Failure: Error, CustomStringConvertible {
    let description: String
  }
}
