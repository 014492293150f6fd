// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.eventBus`: MQTT.
package struct EventBusConfiguration: Sendable, Equatable {
  package enum Mode: Int, Sendable, CaseIterable {
    /// A broker of the agent's own, on loopback.
    case `internal` = 0
    case both = 1
    /// A broker that runs already.
    case external = 2
  }

  package var enable = true
  package var mqttMode = Mode.external
  /// QoS towards the internal broker; to the external one it is 1, as in KubeEdge.
  package var mqttQOS = 0
  /// Whether messages to the internal broker are retained.
  package var mqttRetain = false
  package var mqttServerInternal = MQTTServer(host: "127.0.0.1", port: 1884)
  package var mqttServerExternal = MQTTServer(host: "127.0.0.1", port: 1883)
  /// Empty: a random one, as KubeEdge makes it.
  package var mqttSubClientID = ""
  package var mqttPubClientID = ""
  package var mqttUsername = ""
  /// A secret: no log, no message.
  package var mqttPassword = ""
  /// Files that hold user and password, read at each connect; empty: none.
  package var mqttUsernameFile = ""
  package var mqttPasswordFile = ""
  /// QoS of telemetry; nil: 0 to a broker on loopback, 1 to any other.
  package var telemetryQOS: Int?
  package var eventBusTLS: TLS
  /// Whether the state of each device is kept by the broker, for those who subscribe later.
  package var retainedState = false
  package var spool = SpoolConfiguration()

  package struct TLS: Sendable, Equatable {
    package var enable = false
    package var tlsMqttCAFile: String
    package var tlsMqttCertFile: String
    package var tlsMqttPrivateKeyFile: String
  }

  package init(places: Places) {
    eventBusTLS = TLS(
      tlsMqttCAFile: places.kubeEdgeCA, tlsMqttCertFile: places.kubeEdgeCertificate,
      tlsMqttPrivateKeyFile: places.kubeEdgeKey)
  }
}

extension EventBusConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    if let number = section.keys.int("mqttMode", in: 0...2), let mode = Mode(rawValue: number) {
      mqttMode = mode
    }
    section.read("mqttQOS", into: &mqttQOS, in: 0...2)
    section.read("mqttRetain", into: &mqttRetain)
    read("mqttServerInternal", into: &mqttServerInternal, section)
    read("mqttServerExternal", into: &mqttServerExternal, section)
    section.read("mqttSubClientID", into: &mqttSubClientID)
    section.read("mqttPubClientID", into: &mqttPubClientID)
    section.read("mqttUsername", into: &mqttUsername)
    section.read("mqttPassword", into: &mqttPassword, isSecret: true)
    telemetryQOS = section.keys.int("telemetryQOS", in: 0...2) ?? telemetryQOS
    section.readPath("mqttUsernameFile", into: &mqttUsernameFile, orNone: true)
    section.readPath("mqttPasswordFile", into: &mqttPasswordFile, orNone: true)
    section.read("eventBusTLS", into: &eventBusTLS)
    section.read("retainedState", into: &retainedState)
    section.read("spool", into: &spool)
    if enable, mqttMode != .internal, eventBusTLS.enable, !mqttServerExternal.usesTLS {
      // As in KubeEdge, where the address decides; there nobody says so.
      section.report.warn(
        line: section.keys.line(of: "eventBusTLS"), path: section.keys.path(of: "eventBusTLS"),
        "without effect, since \(mqttServerExternal) is not TLS: ssl://HOST:PORT is")
    }
    section.skip(["mqttSessionQueueSize"], isOn: enable)
  }

  private func read(_ key: String, into target: inout MQTTServer, _ section: SectionReader) {
    guard let text = section.keys.string(key) else { return }
    guard let server = MQTTServer(parsing: text) else {
      // The text is not shown: it may hold a password, which does not belong in it.
      section.keys.report(key, expected: MQTTServer.expected)
      return
    }
    target = server
  }

  var members: JSON.Members {
    var members: JSON.Members = [
      "enable": .bool(enable), "mqttMode": .int(Int64(mqttMode.rawValue)), "mqttQOS": .int(Int64(mqttQOS)),
      "mqttRetain": .bool(mqttRetain), "mqttServerInternal": .string(mqttServerInternal.description),
      "mqttServerExternal": .string(mqttServerExternal.description),
      "mqttSubClientID": .string(mqttSubClientID),
      "mqttPubClientID": .string(mqttPubClientID), "mqttUsername": .string(mqttUsername),
      "mqttPassword": .string(mqttPassword),
    ]
    members.append("mqttUsernameFile", .string(mqttUsernameFile))
    members.append("mqttPasswordFile", .string(mqttPasswordFile))
    if let telemetryQOS { members.append("telemetryQOS", .int(Int64(telemetryQOS))) }
    members.append("eventBusTLS", .object(eventBusTLS.members))
    members.append("retainedState", .bool(retainedState))
    members.append("spool", .object(spool.members))
    return members
  }
}

extension EventBusConfiguration.TLS: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.readPath("tlsMqttCAFile", into: &tlsMqttCAFile, orNone: true)
    section.readPath("tlsMqttCertFile", into: &tlsMqttCertFile, orNone: true)
    section.readPath("tlsMqttPrivateKeyFile", into: &tlsMqttPrivateKeyFile, orNone: true)
    if enable, tlsMqttCertFile.isEmpty != tlsMqttPrivateKeyFile.isEmpty {
      section.keys.report(
        tlsMqttCertFile.isEmpty ? "tlsMqttCertFile" : "tlsMqttPrivateKeyFile",
        expected: "a certificate and its key, or neither")
    }
  }

  var members: JSON.Members {
    [
      "enable": .bool(enable), "tlsMqttCAFile": .string(tlsMqttCAFile),
      "tlsMqttCertFile": .string(tlsMqttCertFile), "tlsMqttPrivateKeyFile": .string(tlsMqttPrivateKeyFile),
    ]
  }
}
