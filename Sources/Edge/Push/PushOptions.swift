// SPDX-License-Identifier: Apache-2.0

/// What the configuration says about pushing: `modules.push`.
package struct PushOptions: Sendable {
  /// What goes to MQTT and HTTP.
  package enum Format: Sendable {
    /// What KubeEdge's mappers send: `time is …  topic: value`, and `name=value&time=…` as of a form.
    case kubeEdge
    /// An object with device, property, value, type and time.
    case json
  }

  package var format = Format.kubeEdge
  /// The node's name, in OTLP resources.
  package var node = ""
  /// Holds the token for InfluxDB; nil: the variable `TOKEN`.
  package var influxTokenFile: String?
  /// PEM; nil: whom the system trusts.
  package var authorities: String?
  /// Values that may wait for one destination. Beyond it the oldest go, counted.
  package var queueLimit = 10_000
  /// Between tries, in milliseconds; doubled from the first to the last.
  package var firstWait = 1_000
  package var longestWait = 60_000
  /// How long the end of a destination may take to send what waits, in milliseconds.
  package var drainLimit = 2_000
  /// Brokers that may have a connection at once; each costs a thread.
  package var brokerLimit = 32

  package init() {}
}
