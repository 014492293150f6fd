// SPDX-License-Identifier: Apache-2.0

/// Where the values of a property are sent besides the twin: KubeEdge's `pushMethod`.
package enum PushMethod: Sendable, Hashable {
  case mqtt(MQTT)
  case http(HTTP)
  case influxDB2(InfluxDB2)
  case otel(OpenTelemetry)

  package struct MQTT: Sendable, Hashable {
    /// `tcp://host:port` or `ssl://host:port`
    package var address: String
    package var topic: String
    /// 0 to 2
    package var qos: Int
    package var retained: Bool

    package init(address: String, topic: String, qos: Int = 0, retained: Bool = false) {
      self.address = address
      self.topic = topic
      self.qos = qos
      self.retained = retained
    }
  }

  package struct HTTP: Sendable, Hashable {
    /// Of the server, with the path.
    package var url: ServerURL
    /// Milliseconds for one request.
    package var timeout: Int

    package static let defaultTimeout = 10_000

    package init(url: ServerURL, timeout: Int = Self.defaultTimeout) {
      self.url = url
      self.timeout = timeout
    }
  }

  package struct InfluxDB2: Sendable, Hashable {
    package var url: ServerURL
    package var organization: String
    package var bucket: String
    package var measurement: String
    package var tags: [String: String]
    package var field: String

    package init(
      url: ServerURL, organization: String, bucket: String, measurement: String, tags: [String: String] = [:],
      field: String
    ) {
      self.url = url
      self.organization = organization
      self.bucket = bucket
      self.measurement = measurement
      self.tags = tags
      self.field = field
    }
  }

  /// OTLP over HTTP.
  package struct OpenTelemetry: Sendable, Hashable {
    /// With the path; `/v1/metrics` when the manifest gave none.
    package var url: ServerURL

    package init(url: ServerURL) { self.url = url }
  }
}
