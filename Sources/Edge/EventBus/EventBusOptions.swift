// SPDX-License-Identifier: Apache-2.0

/// What the configuration says about MQTT: `modules.eventBus`.
package struct EventBusOptions: Sendable {
  /// KubeEdge's `mqttMode`.
  package enum Mode: Int, Sendable {
    /// A broker of this agent's own, on loopback.
    case `internal` = 0
    /// Both: requests are taken from either, everything is published to both.
    case both = 1
    case external = 2
  }

  package var mode: Mode = .external
  /// `mqttServerExternal`
  package var external = BrokerAddress(host: "127.0.0.1", port: 1883)
  /// `mqttServerInternal`; must be on loopback, since it asks nobody for a password.
  package var `internal` = BrokerAddress(host: "127.0.0.1", port: 1884)
  /// `mqttSubClientID`: of the connection that takes requests; nil: `hub-client-sub-<Unix time>`.
  package var subscriberID: String?
  /// `mqttPubClientID`: of the connection that publishes. Nil: the same connection does both, which costs
  /// less. A broker whose access rules go by client id may ask for two.
  package var publisherID: String?
  /// Of the external broker.
  package var credentials = BrokerCredentials()
  package var username: String? {
    get { credentials.username }
    set { credentials.username = newValue }
  }
  package var password: String? {
    get { credentials.password }
    set { credentials.password = newValue }
  }
  /// Of the external broker, whose address asks for TLS. Nil: the system's certificates and none of our own.
  package var tls: BrokerTLS?
  /// Where telemetry waits for a broker that is away; nil: it is dropped.
  package var spool: SpoolOptions?
  /// 0 or 1; nil: 0 to a broker on loopback, 1 to any other.
  package var telemetryQoS: Int?
  package var limits = Limits()
  /// Where the internal broker's configuration file is written; made when it is not there.
  package var runtimeFolder = "/run/selvedge"
  /// The internal broker's program; nil: `mosquitto` in PATH and where distributions put it.
  package var brokerProgram: String?

  /// How much may wait at a broker for its acknowledgement. What is beyond is dropped and counted.
  package struct Limits: Sendable, Equatable {
    package var messages = 10_000
    package var bytes = 64 << 20
    /// Telemetry gets this part at most, so that it cannot crowd out answers.
    package var telemetryShare = 0.5

    package init() {}
  }

  package init() {}
}
