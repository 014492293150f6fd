// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI
internal import JSON

/// The configuration of `edgecore`: KubeEdge's `edgecore.yaml` (v1alpha2) with our keys added.
///
/// Names of properties are the names of keys. What a text does not say has its default.
package struct EdgeCoreConfiguration: Sendable, Equatable {
  package var database: DatabaseConfiguration
  package var standalone: StandaloneConfiguration
  package var edged: EdgedConfiguration
  package var edgeHub = EdgeHubConfiguration()
  package var eventBus: EventBusConfiguration
  package var metaManager = MetaManagerConfiguration()
  package var deviceTwin: DeviceTwinConfiguration
  package var mapperHost: MapperHostConfiguration
  package var twinAPI: TwinAPIConfiguration
  package var push = PushConfiguration()

  package static let apiVersion = "edgecore.config.kubeedge.io/v1alpha2"
  package static let kind = "EdgeCore"

  /// The defaults.
  /// - Parameter hostName: of the machine; see `HostName.current`.
  package init(places: Places, hostName: String) {
    database = DatabaseConfiguration(places: places)
    standalone = StandaloneConfiguration(places: places)
    edged = EdgedConfiguration(hostName: hostName)
    eventBus = EventBusConfiguration(places: places)
    deviceTwin = DeviceTwinConfiguration(places: places)
    mapperHost = MapperHostConfiguration(places: places)
    twinAPI = TwinAPIConfiguration(places: places)
  }

  /// The name of this node.
  package var nodeName: String { edged.hostnameOverride }

  /// What `--standalone` does.
  package mutating func makeStandalone() {
    standalone.enable = true
    edgeHub.enable = false
    edged.enable = false
  }
}

/// Why there is no configuration.
package enum ConfigurationError: Error, CustomStringConvertible {
  /// Everything that is wrong, at once.
  case invalid([ManifestProblem])
  case unreadable(FileError)
  /// Neither of the default files is there.
  case absent([String])

  package var description: String {
    switch self {
    case .invalid(let problems): problems.map(\.description).joined(separator: "\n")
    case .unreadable(let error): error.description
    case .absent(let paths):
      "no configuration file: looked for " + paths.joined(separator: " and ")
        + " (--standalone needs none; --minconfig prints one to begin with)"
    }
  }
}
