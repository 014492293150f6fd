// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import DeviceTwin
internal import EventBus
internal import Glibc
internal import History
internal import Logging
internal import MapperHost
internal import Push
internal import TLS
internal import TwinAPI

/// From the configuration to the options of single modules.
extension Agent {
  /// The folders that must be there before anything is opened.
  static func makeFolders(_ configuration: EdgeCoreConfiguration, _ places: Places) throws(AgentError) {
    let folders = [
      places.state, parent(of: configuration.database.dataSource),
      parent(of: configuration.deviceTwin.history.path), places.runtime,
    ]
    for folder in folders {
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

  static func eventBusOptions(_ configuration: EdgeCoreConfiguration, _ places: Places) throws(AgentError)
    -> EventBusOptions
  {
    let settings = configuration.eventBus
    var options = EventBusOptions()
    options.mode =
      switch settings.mqttMode {
      case .internal: .internal
      case .both: .both
      case .external: .external
      }
    options.external = address(settings.mqttServerExternal)
    guard !settings.mqttServerInternal.usesTLS else {
      throw AgentError(
        "modules.eventBus.mqttServerInternal: \(settings.mqttServerInternal): expected tcp://, on loopback")
    }
    options.internal = address(settings.mqttServerInternal)
    options.subscriberID = given(settings.mqttSubClientID)
    options.publisherID = given(settings.mqttPubClientID)
    options.credentials = BrokerCredentials(
      username: given(settings.mqttUsername), password: given(settings.mqttPassword),
      usernameFile: given(settings.mqttUsernameFile), passwordFile: given(settings.mqttPasswordFile))
    if settings.eventBusTLS.enable {
      options.tls = BrokerTLS(
        authorities: given(settings.eventBusTLS.tlsMqttCAFile),
        certificate: given(settings.eventBusTLS.tlsMqttCertFile),
        key: given(settings.eventBusTLS.tlsMqttPrivateKeyFile))
    }
    if settings.spool.enable {
      var spool = SpoolOptions(folder: places.state + "/spool")
      spool.maximumBytes = settings.spool.maxBytes
      spool.maximumAge = Int64(settings.spool.maxAge)
      spool.replayRate = settings.spool.replayRate
      options.spool = spool
    }
    options.telemetryQoS = settings.telemetryQOS
    options.runtimeFolder = places.runtime
    return options
  }

  static func eventBus(_ options: EventBusOptions, _ log: Logger) throws(AgentError) -> EventBus {
    do {
      return try EventBus(options, log: log)
    } catch {
      throw AgentError("module eventBus: \(error)")
    }
  }

  private static func address(_ server: MQTTServer) -> BrokerAddress {
    BrokerAddress(host: server.host, port: UInt16(clamping: server.port), usesTLS: server.usesTLS)
  }

  /// An empty text in the configuration is none.
  private static func given(_ text: String) -> String? { text.isEmpty ? nil : text }

  static func pushOptions(_ configuration: EdgeCoreConfiguration) -> PushOptions {
    var options = PushOptions()
    options.format =
      switch configuration.push.format {
      case .kubeedge: .kubeEdge
      case .json: .json
      }
    options.node = configuration.nodeName
    options.influxTokenFile = given(configuration.push.influxdb2TokenFile)
    options.authorities = given(configuration.push.caFile)
    return options
  }

  static func twinAPIOptions(_ configuration: EdgeCoreConfiguration, _ places: Places, _ log: Logger)
    -> TwinAPIOptions
  {
    let settings = configuration.twinAPI
    var options = TwinAPIOptions(
      socket: settings.socket, address: settings.address, port: settings.port, hostNames: settings.hostNames)
    options.tokens = places.state + "/tokens.json"
    options.areTokensRequired = settings.areTokensRequired
    options.readsPerSecond = settings.readsPerSecond
    options.writesPerSecond = settings.writesPerSecond
    options.watches = settings.watches
    options.socketRules = settings.socketAccess.map { access in
      let subject: SocketRule.Subject =
        switch access.subject {
        case .user(let name): .user(name)
        case .group(let name): .group(name)
        }
      let scope: Caller.Scope =
        switch access.scope {
        case .none: .none
        case .read: .read
        case .write: .write
        case .admin: .admin
        }
      return SocketRule(subject, scope: scope, namespaces: access.namespaces.map { Set($0) })
    }
    let limits = configuration.mapperHost.limits
    options.runnerUsers = Set(
      ([limits.all.user] + limits.mappers.values.map { $0.user ?? "" }).filter { !$0.isEmpty })
    guard settings.tls.isOn else { return options }
    let certificates = ServerCertificates(
      CertificateFiles(
        certificate: settings.tls.certFile, key: settings.tls.keyFile,
        clientAuthorities: given(settings.tls.clientCAFile)), log: log)
    options.tls = PortSecurity(
      load: {
        do throws(CertificateProblem) {
          try await certificates.load()
        } catch {
          throw StartError(
            key: "modules.twinAPI.tls." + error.key, value: error.value, expected: error.expected)
        }
      }, refresh: { await certificates.refresh() },
      handler: { try certificates.handler() })
    return options
  }

  static func mapperHost(
    _ configuration: EdgeCoreConfiguration, _ places: Places, runner: String, _ twins: TwinManager,
    _ events: any EventRecorder, _ log: Logger
  ) throws(AgentError) -> MapperHost {
    do {
      // The configuration names the winner last, the host wants it first.
      var options = MapperHostOptions(
        folders: configuration.mapperHost.folders.reversed(), snapshots: places.state + "/snapshots",
        runner: runner)
      options.limits = configuration.mapperHost.limits
      options.adoptsOrphans = true
      options.events = events
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
