// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.push`: values that are sent on as the `pushMethod` of their properties says.
package struct PushConfiguration: Sendable, Equatable {
  /// What goes to MQTT and HTTP.
  package enum Format: String, Sendable, CaseIterable {
    /// What KubeEdge's mappers send.
    case kubeedge
    case json
  }

  package var enable = true
  package var format = Format.kubeedge
  /// Holds the token for InfluxDB, read at each connect; empty: the variable `TOKEN`, as for KubeEdge's mappers.
  package var influxdb2TokenFile = ""
  /// Who may sign the certificates of `https` servers, PEM; empty: whom the system trusts.
  package var caFile = ""

  package init() {}
}

extension PushConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    format = section.keys.choice("format", of: Format.self) ?? format
    section.readPath("influxdb2TokenFile", into: &influxdb2TokenFile, orNone: true)
    section.readPath("caFile", into: &caFile, orNone: true)
  }

  var members: JSON.Members {
    [
      "enable": .bool(enable), "format": .string(format.rawValue),
      "influxdb2TokenFile": .string(influxdb2TokenFile), "caFile": .string(caFile),
    ]
  }
}
