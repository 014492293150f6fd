// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import DeviceTwin
internal import EventBus
internal import Glibc
internal import Logging
internal import MapperHost

/// From the configuration to the options of single modules.
extension Agent {
  /// The folders that must be there before anything is opened.
  static func makeFolders(_ configuration: EdgeCoreConfiguration, _ places: Places) throws(AgentError) {
    for folder in [places.state, parent(of: configuration.database.dataSource), places.runtime] {
      try makeFolder(folder)
    }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  private static func makeFolder(_ path: String) throws(AgentError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    let up = parent(of: path)
    guard errno == ENOENT, up != path else {
      throw AgentError("the folder \(path) cannot be made: \(errnoText())")
    }
    try makeFolder(up)
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw AgentError("the folder \(path) cannot be made: \(errnoText())")
    }
  }

  private static func errnoText() -> String { String(cString: strerror(errno)) }

  static func eventBus(_ configuration: EdgeCoreConfiguration, _ places: Places, _ log: Logger)
    throws(AgentError) -> EventBus
  {
    let settings = configuration.eventBus
    var options = EventBusOptions()
    options.mode =
      switch settings.mqttMode {
      case .internal: .internal
      case .both: .both
      case .external: .external
      }
    options.external = try address(settings.mqttServerExternal, "mqttServerExternal")
    options.internal = try address(settings.mqttServerInternal, "mqttServerInternal")
    options.subscriberID = settings.mqttSubClientID.isEmpty ? nil : settings.mqttSubClientID
    options.publisherID = settings.mqttPubClientID.isEmpty ? nil : settings.mqttPubClientID
    options.username = settings.mqttUsername.isEmpty ? nil : settings.mqttUsername
    options.password = settings.mqttPassword.isEmpty ? nil : settings.mqttPassword
    options.telemetryQoS = settings.telemetryQOS
    options.runtimeFolder = places.runtime
    do {
      return try EventBus(options, log: log)
    } catch {
      throw AgentError("module eventBus: \(error)")
    }
  }

  private static func address(_ server: MQTTServer, _ key: String) throws(AgentError) -> BrokerAddress {
    guard !server.usesTLS else {
      throw AgentError(
        "modules.eventBus.\(key): \(server): expected tcp:// (TLS to a broker is not served yet)")
    }
    return BrokerAddress(host: server.host, port: UInt16(clamping: server.port))
  }

  static func mapperHost(
    _ configuration: EdgeCoreConfiguration, _ places: Places, runner: String, _ twins: TwinManager,
    _ log: Logger
  ) throws(AgentError) -> MapperHost {
    do {
      // The configuration names the winner last, the host wants it first.
      var options = MapperHostOptions(
        folders: configuration.mapperHost.folders.reversed(), snapshots: places.state + "/snapshots",
        runner: runner)
      options.limits = configuration.mapperHost.limits
      options.adoptsOrphans = true
      options.inProcess = Set(configuration.mapperHost.inProcess)
      options.isolation =
        switch configuration.mapperHost.isolation {
        case .process: .process
        case .inProcess: .inProcess
        }
      return try MapperHost(options: options, directory: twins, log: log)
    } catch {
      throw AgentError("module mapperHost: \(error)")
    }
  }
}
