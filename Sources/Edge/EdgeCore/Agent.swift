// SPDX-License-Identifier: Apache-2.0
package import Beehive
package import Config
internal import DeviceAPI
internal import DeviceTwin
internal import EventBus
internal import Glibc
package import Logging
internal import MapperHost
internal import MetaManager
internal import NIOCore
internal import NIOPosix
internal import Threads
internal import TwinAPI

/// The agent: reads what the configuration enables, hands the modules to each other, starts and stops them.
///
/// Order of start: the bus first, so that it is the last to stop and carries the answers to all that was accepted;
/// then the twins, since everything else reads or feeds them; then what drives devices; then the API, which answers from
/// the twins' memory while a thousand manifests are still being read; and last what declares devices. Until all have
/// started, the node says that it is not ready.
package final class Agent: Sendable {
  private let beehive: Beehive
  private let status: AgentStatus
  private let log: Logger
  private let group: MultiThreadedEventLoopGroup?

  /// Composes the modules. Nothing runs and nothing is opened yet.
  package static func compose(
    _ configuration: EdgeCoreConfiguration, places: Places, runner: String, log: Logger
  ) async throws(AgentError) -> Agent {
    SpareMemory.keepNoLarge()
    let beehive = Beehive(log: log)
    try makeFolders(configuration, places)

    let bus = try configuration.eventBus.enable ? eventBus(configuration, places, log) : nil
    let publisher: any MessagePublisher = bus ?? SilentPublisher()
    let twins = TwinManager(
      node: configuration.nodeName, database: configuration.database.dataSource, publisher: publisher,
      clock: .system, log: log)
    let host: MapperHost? =
      try configuration.mapperHost.enable
      ? mapperHost(configuration, places, runner: runner, twins, log) : nil
    let noMappers = NoMappers()
    let methods: any MethodService = host ?? noMappers
    let discovery: any DiscoveryService = host ?? noMappers
    let mappers: any MapperDirectory = host ?? noMappers

    var calls: MethodReceiver?
    if let bus {
      let receiver = MethodReceiver(methods: methods, twins: twins, publisher: bus, next: twins)
      calls = receiver
      bus.setReceiver(receiver)
      await beehive.register(bus)
    }
    await beehive.register(twins)
    if let host { await beehive.register(host) }

    var manifests: StandaloneManifests?
    if configuration.standalone.enable {
      // The twin first: a host takes the feed of a device that the twin knows.
      let consumers: [any DeviceConsumer] = [twins] + (host.map { [$0] } ?? [])
      let standalone = StandaloneManifests(
        folder: configuration.standalone.manifests, consumers: consumers,
        knownDevices: { twins.deviceNames() }, log: log)
      manifests = standalone
    }

    let status = AgentStatus(
      node: configuration.nodeName, twins: twins, bus: bus, calls: calls, manifests: manifests)
    var group: MultiThreadedEventLoopGroup?
    if configuration.twinAPI.enable {
      let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      group = loops
      await beehive.register(
        TwinAPIServer(
          options: TwinAPIOptions(
            socket: configuration.twinAPI.socket, address: configuration.twinAPI.address,
            port: configuration.twinAPI.port, hostNames: configuration.twinAPI.hostNames),
          services: TwinAPIServices(
            twins: twins, mappers: mappers, methods: methods, discovery: discovery, node: status,
            manifests: manifests),
          group: loops, log: log))
    }
    if let manifests { await beehive.register(manifests) }
    return Agent(beehive: beehive, status: status, group: group, log: log)
  }

  private init(beehive: Beehive, status: AgentStatus, group: MultiThreadedEventLoopGroup?, log: Logger) {
    self.beehive = beehive
    self.status = status
    self.group = group
    self.log = log
  }

  package func start() async throws(Beehive.StartError) {
    try await beehive.start()
    let modules = await beehive.running
    status.started(modules)
    log.notice("the agent runs", metadata: ["modules": "\(modules.joined(separator: ", "))"])
  }

  package func stop() async {
    await beehive.stop()
    try? await group?.shutdownGracefully()
  }
}
