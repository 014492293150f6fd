// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Config

struct EventBusFlags: ParsableArguments {
  @Option(help: "0: own broker on loopback, 1: both, 2: external broker.")
  var mqttMode: Int?

  @Option(help: ArgumentHelp("Address of the external broker.", valueName: "tcp://host:port"))
  var mqttServerExternal: String?

  @Option(help: ArgumentHelp("Loopback address of the own broker.", valueName: "tcp://host:port"))
  var mqttServerInternal: String?

  @Flag(help: "Switch MQTT off.")
  var noEventBus = false

  func apply(to configuration: inout EdgeCoreConfiguration) throws {
    if noEventBus { configuration.eventBus.enable = false }
    if let mqttMode {
      guard let mode = EventBusConfiguration.Mode(rawValue: mqttMode) else {
        throw ValidationError("--mqtt-mode \(mqttMode): expected 0, 1 or 2")
      }
      configuration.eventBus.mqttMode = mode
    }
    if let mqttServerExternal {
      configuration.eventBus.mqttServerExternal = try server(mqttServerExternal, of: "--mqtt-server-external")
    }
    if let mqttServerInternal {
      configuration.eventBus.mqttServerInternal = try server(mqttServerInternal, of: "--mqtt-server-internal")
    }
  }

  private func server(_ text: String, of flag: String) throws -> MQTTServer {
    guard let server = MQTTServer(parsing: text) else {
      throw ValidationError("\(flag) \(text): expected tcp://HOST:PORT or ssl://HOST:PORT")
    }
    return server
  }
}

struct MapperHostFlags: ParsableArguments {
  @Option(
    name: .customLong("mappers"),
    help: ArgumentHelp(
      "Folder of mapper libraries; may be given more than once, the last one wins.", valueName: "dir"))
  var folders: [String] = []

  @Option(help: ArgumentHelp("The mapper-runner program (default: beside edgecore).", valueName: "file"))
  var runner: String?

  func apply(to configuration: inout EdgeCoreConfiguration) {
    if !folders.isEmpty { configuration.mapperHost.folders = folders }
  }
}

struct MetaManagerFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Folder of Device and DeviceModel manifests (standalone).", valueName: "dir"))
  var manifests: String?

  func apply(to configuration: inout EdgeCoreConfiguration) {
    if let manifests { configuration.standalone.manifests = manifests }
  }
}

struct TwinAPIFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Unix socket of the twin API.", valueName: "path"))
  var twinAPISocket: String?

  @Option(help: ArgumentHelp("Loopback port of the twin API; 0: any free one.", valueName: "port"))
  var twinAPIPort: Int?

  func validate() throws {
    if let twinAPIPort, !(0...65535).contains(twinAPIPort) {
      throw ValidationError("--twin-api-port \(twinAPIPort): expected 0 to 65535")
    }
  }

  func apply(to configuration: inout EdgeCoreConfiguration) {
    if let twinAPISocket { configuration.twinAPI.socket = twinAPISocket }
    if let twinAPIPort { configuration.twinAPI.port = twinAPIPort }
  }
}
