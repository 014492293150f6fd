// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config
internal import JSON

/// `edgecore config`: what a configuration file may say, and what one says.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check and explain configuration files.",
    subcommands: [Check.self, Explain.self, Default.self, Schema.self, Reference.self])

  /// `--root`, `--standalone` and `--config` are those of the agent itself.
  @ParentCommand var agent: EdgeCoreCommand

  struct Source: ParsableArguments {
    @Argument(help: ArgumentHelp("The file (default: the one that edgecore would read).", valueName: "file"))
    var file: String?

    func load(_ options: GeneralOptions) throws -> EdgeCoreConfiguration.Loaded {
      do {
        return try EdgeCoreConfiguration.load(
          path: file ?? options.config, places: Places(root: options.root), hostName: HostName.current,
          standalone: options.standalone)
      } catch {
        throw Complaint(description: error.description)
      }
    }
  }

  /// An error whose text is all there is to say.
  struct Complaint: Error, CustomStringConvertible {
    let description: String
  }
}

extension ConfigCommand {
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say everything that is wrong with a file; ends with 1 if anything is.")
    @ParentCommand var config: ConfigCommand
    @OptionGroup var source: Source

    func run() throws {
      let loaded = try source.load(config.agent.general)
      for warning in loaded.warnings { print("warning: \(warning)") }
      print("\(loaded.file ?? "no file, the defaults"): good")
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what a key means, its default, and its value in the file.")
    @Argument(help: "A key or a section, such as modules.eventBus.mqttMode or modules.eventBus.")
    var key: String
    @ParentCommand var config: ConfigCommand
    @OptionGroup var source: Source

    func run() throws {
      let defaults = EdgeCoreConfiguration(
        places: Places(root: config.agent.general.root), hostName: HostName.current)
      if let key = ConfigurationKeys.key(key) { return try explain(key, defaults) }
      let below = ConfigurationKeys.keys(below: key)
      guard !below.isEmpty else {
        throw Complaint(
          description: "\(key): expected a key or a section: "
            + ConfigurationKeys.sections.map(\.path).joined(separator: ", "))
      }
      if let section = ConfigurationKeys.sections.first(where: { $0.path.lowercased() == key.lowercased() }) {
        print("\(section.path): \(section.summary)\n")
      }
      let width = below.map(\.path.count).max() ?? 0
      for key in below {
        let padding = String(repeating: " ", count: width - key.path.count)
        print("\(key.path)\(padding)  \(key.summary)")
      }
    }

    private func explain(_ key: KeyDescription, _ defaults: EdgeCoreConfiguration) throws {
      print("\(key.path)\n  \(key.summary)")
      print("  takes:   \(key.kind.text)")
      print("  default: \(Self.text(defaults.value(at: key.path), key))")
      // A file that cannot be read is no reason to explain nothing.
      if let loaded = try? source.load(config.agent.general) {
        let value = Self.text(loaded.configuration.value(at: key.path), key)
        print("  value:   \(value)   (\(loaded.file ?? "no file"))")
      }
      print("  from:    \(key.isKubeEdge ? "KubeEdge" : "Selvedge")")
      print("  change:  \(key.isReloaded ? "with SIGHUP" : "with a restart")")
      if case .named(let members) = key.kind { Self.list(members, below: key.path + ".NAME.") }
      if case .list(let members) = key.kind { Self.list(members, below: key.path + "[].") }
    }

    private static func list(_ keys: [KeyDescription], below path: String) {
      for key in keys { print("  \(path)\(key.path): \(key.summary)") }
    }

    private static func text(_ value: JSON?, _ key: KeyDescription) -> String {
      guard let value else { return "none" }
      if case .secret = key.kind { return value.string?.isEmpty == false ? "(hidden)" : "\"\"" }
      return value.text
    }
  }

  struct Default: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a configuration with every default; as --defaultconfig.")
    @ParentCommand var config: ConfigCommand

    func run() {
      print(
        EdgeCoreConfiguration.defaultYAML(
          places: Places(root: config.agent.general.root), hostName: HostName.current), terminator: "")
    }
  }

  struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a JSON Schema of the file, for editors.")

    func run() { print(ConfigurationReference.schema(places: Places()).text) }
  }

  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print docs/configuration.md.")

    func run() { print(ConfigurationReference.page(places: Places()), terminator: "") }
  }
}
