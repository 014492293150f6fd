// SPDX-License-Identifier: Apache-2.0
package import Beehive
package import Config
internal import Console
internal import DeviceAPI
internal import DeviceTwin
internal import EventBus
internal import Glibc
internal import History
internal import Journal
package import Logging
internal import MapperHost
internal import MetaManager
internal import NIOCore
package import NIOPosix
internal import Push
internal import Synchronization
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
  private let journal: Journal
  let log: Logger
  let host: MapperHost?
  /// What is in force.
  let current: Mutex<EdgeCoreConfiguration>
  /// The agent's event loop; nil where nothing needs one.
  package let group: MultiThreadedEventLoopGroup?

  /// Composes the modules. Nothing runs and nothing is opened yet.
  package static func compose(
    _ configuration: EdgeCoreConfiguration, places: Places, runner: String, log: Logger
  ) async throws(AgentError) -> Agent {
    SpareMemory.keepNoLarge()
    let beehive = Beehive(log: log)
    try makeFolders(configuration, places)

    let journal = Journal(JournalOptions(folder: places.state + "/events"), log: log)
    // First to start and last to stop: whatever happens is told to it.
    await beehive.register(journal)
    var group: MultiThreadedEventLoopGroup?
    if configuration.twinAPI.enable || configuration.push.enable {
      group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }
    let busOptions = try eventBusOptions(configuration, places)
    let bus = try configuration.eventBus.enable ? eventBus(busOptions, log) : nil
    let publisher: any MessagePublisher = bus ?? SilentPublisher()
    let history =
      configuration.deviceTwin.history.enable
      ? History(HistoryOptions(configuration.deviceTwin.history), log: log) : nil
    let push =
      configuration.push.enable
      ? Push(
        pushOptions(configuration), outlets: BrokerOutlets(busOptions, log: log), group: group, log: log)
      : nil
    let consumers: [(any SampleConsumer)?] = [history, push]
    let twins = TwinManager(
      node: configuration.nodeName, database: configuration.database.dataSource, publisher: publisher,
      consumers: consumers.compactMap(\.self), events: journal, clock: .system, log: log)
    let host: MapperHost? =
      try configuration.mapperHost.enable
      ? mapperHost(configuration, places, runner: runner, twins, journal, log) : nil
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
    if let history { await beehive.register(history) }
    if let push { await beehive.register(push) }
    await beehive.register(twins)
    if let bus, configuration.eventBus.retainedState {
      await beehive.register(RetainedStates(node: configuration.nodeName, twins: twins, bus: bus))
    }
    if let host { await beehive.register(host) }

    var manifests: StandaloneManifests?
    if configuration.standalone.enable {
      // The twin first: a host takes the feed of a device that the twin knows.
      let consumers: [(any DeviceConsumer)?] = [twins, host, push]
      let standalone = StandaloneManifests(
        folder: configuration.standalone.manifests, consumers: consumers.compactMap(\.self),
        knownDevices: { twins.deviceNames() }, log: log)
      manifests = standalone
    }

    let status = AgentStatus(
      node: configuration.nodeName, twins: twins, bus: bus, calls: calls, manifests: manifests,
      history: history,
      journal: journal, push: push)
    if configuration.twinAPI.enable, let group {
      await beehive.register(
        TwinAPIServer(
          options: twinAPIOptions(configuration, places, log),
          services: TwinAPIServices(
            twins: twins, mappers: mappers, methods: methods, discovery: discovery, node: status,
            manifests: manifests, history: history, events: journal, pages: Console()),
          group: group, log: log))
    }
    if let manifests { await beehive.register(manifests) }
    return Agent(
      configuration, beehive: beehive, status: status, journal: journal, host: host, group: group, log: log)
  }

  private init(
    _ configuration: EdgeCoreConfiguration, beehive: Beehive, status: AgentStatus, journal: Journal,
    host: MapperHost?,
    group: MultiThreadedEventLoopGroup?, log: Logger
  ) {
    current = Mutex(configuration)
    self.beehive = beehive
    self.journal = journal
    self.host = host
    self.status = status
    self.group = group
    self.log = log
  }

  package func start() async throws(Beehive.StartError) {
    try await beehive.start()
    let modules = await beehive.running
    status.started(modules)
    journal.record(EventRecord(.node, "started", "the agent runs, version \(SelvedgeVersion.text)"))
    log.notice("the agent runs", metadata: ["modules": "\(modules.joined(separator: ", "))"])
  }

  package func stop() async {
    journal.record(EventRecord(.node, "stopping", "the agent stops"))
    await beehive.stop()
    try? await group?.shutdownGracefully()
  }
}
