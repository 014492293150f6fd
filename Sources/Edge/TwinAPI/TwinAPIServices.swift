// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// What the twin API makes reachable: the modules, as far as the node has them.
package struct TwinAPIServices: Sendable {
  package var twins: any TwinAccess
  package var mappers: any MapperDirectory
  package var methods: any MethodService
  package var discovery: any DiscoveryService
  package var node: any NodeStatus
  /// Nil where the node takes its devices from the cloud alone.
  package var manifests: (any ManifestStore)?
  /// Nil where no history is kept.
  package var history: (any HistoryService)?
  /// Nil where no log of events is kept.
  package var events: (any EventService & EventRecorder)?
  /// Nil where no console is served.
  package var pages: (any PageSource)?

  package init(
    twins: any TwinAccess, mappers: any MapperDirectory, methods: any MethodService,
    discovery: any DiscoveryService, node: any NodeStatus, manifests: (any ManifestStore)? = nil,
    history: (any HistoryService)? = nil, events: (any EventService & EventRecorder)? = nil,
    pages: (any PageSource)? = nil
  ) {
    self.twins = twins
    self.mappers = mappers
    self.methods = methods
    self.discovery = discovery
    self.node = node
    self.manifests = manifests
    self.history = history
    self.events = events
    self.pages = pages
  }
}
