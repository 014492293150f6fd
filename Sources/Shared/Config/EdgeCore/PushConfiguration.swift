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
    readFile("influxdb2TokenFile", into: &influxdb2TokenFile, section)
    readFile("caFile", into: &caFile, section)
  }

  private func readFile(_ key: String, into target: inout String, _ section: SectionReader) {
    guard let path = section.keys.string(key) else { return }
    guard path.isEmpty || path.hasPrefix("/") else {
      section.keys.report(key, value: YAMLNode.shortened(path), expected: "an absolute path")
      return
    }
    target = path
  }

  var members: JSON.Members {
    [
      "enable": .bool(enable), "format": .string(format.rawValue),
      "influxdb2TokenFile": .string(influxdb2TokenFile), "caFile": .string(caFile),
    ]
  }
}
