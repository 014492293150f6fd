// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@testable import KubeAPI

/// `pushMethod` of manifests.
struct PushMethodTests {
  private static func manifest(_ method: String, type: String = "FLOAT") -> Manifest {
    let text = """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata: {name: m}
      spec:
        properties:
        - {name: p, type: \(type), accessMode: ReadOnly}
      ---
      apiVersion: devices.kubeedge.io/v1beta1
      kind: Device
      metadata: {name: d}
      spec:
        deviceModelRef: {name: m}
        properties:
        - name: p
          pushMethod: \(method)
      """
    return Manifest(Array(text.utf8), file: "m.yaml")
  }

  private static func problems(_ method: String) -> [String] { manifest(method).problems.map(\.description) }

  private static func resolved(_ method: String, type: String = "FLOAT") throws -> DeviceResolution {
    let manifest = manifest(method, type: type)
    #expect(manifest.problems.isEmpty)
    #expect(manifest.warnings.isEmpty)
    guard case .model(let model)? = manifest.entries.first?.object,
      case .device(let device)? = manifest.entries.last?.object
    else { throw Absent() }
    return DeviceResolution(device, model: model, file: "m.yaml")
  }

  private struct Absent: Error {}

  private static func push(_ method: String) throws -> [PushMethod] {
    try #require(try resolved(method).description).properties[0].push
  }

  @Test func `reads the methods that are served`() throws {
    #expect(
      try Self.push("{mqtt: {address: \"tcp://127.0.0.1:1883\", topic: plant/temp, qos: 1, retained: true}}")
        == [
          .mqtt(.init(address: "tcp://127.0.0.1:1883", topic: "plant/temp", qos: 1, retained: true))
        ])
    #expect(
      try Self.push("{http: {hostName: \"http://10.0.0.1\", port: 8080, requestPath: /in, timeout: 2000}}")
        == [
          .http(.init(url: ServerURL(host: "10.0.0.1", port: 8080, path: "/in"), timeout: 2000))
        ])
    #expect(
      try Self.push("{http: {hostName: \"https://sink.example\"}}") == [
        .http(.init(url: ServerURL(usesTLS: true, host: "sink.example", port: 443, path: "/")))
      ])
    let influx = """
      {dbMethod: {influxdb2: {influxdb2ClientConfig: {url: "http://h:8086", org: o, bucket: b}, \
      influxdb2DataConfig: {measurement: m, tag: {site: a}, fieldKey: temp}}}}
      """
    #expect(
      try Self.push(influx) == [
        .influxDB2(
          .init(
            url: ServerURL(host: "h", port: 8086), organization: "o", bucket: "b", measurement: "m",
            tags: ["site": "a"], field: "temp"))
      ])
    #expect(
      try Self.push("{otel: {endpointURL: \"http://h:4318\"}}") == [
        .otel(.init(url: ServerURL(host: "h", port: 4318, path: "/v1/metrics")))
      ])
    #expect(
      try Self.push("{otel: {endpointURL: \"https://h/x/metrics\"}}") == [
        .otel(.init(url: ServerURL(usesTLS: true, host: "h", port: 443, path: "/x/metrics")))
      ])
    // What is null is not there.
    #expect(try Self.push("{dbMethod: {redis: null}, mqtt: null}").isEmpty)
  }

  @Test(arguments: [
    ("{dbMethod: {mysql: {mysqlClientConfig: {addr: a}}}}", "dbMethod.mysql"),
    ("{dbMethod: {redis: {redisClientConfig: {addr: a}}}}", "dbMethod.redis"),
    ("{dbMethod: {TDEngine: {}}}", "dbMethod.TDEngine"), ("{anomalyDetection: {a: 1}}", "anomalyDetection"),
    ("{kafka: {}}", "kafka"),
  ])
  func `refuses another method by its name`(method: String, name: String) {
    #expect(
      Self.problems(method) == [
        "m.yaml:15: spec.properties[0].pushMethod.\(name): expected one of mqtt, http, otel, dbMethod.influxdb2 "
          + "(this method is not served)"
      ])
  }

  @Test(arguments: [
    ("{mqtt: {address: \"http://h\", topic: t}}", "mqtt.address: expected tcp://HOST:PORT"),
    ("{mqtt: {address: h}}", "mqtt.topic: expected a topic"),
    ("{mqtt: {address: h, topic: \"a/#\"}}", "mqtt.topic: a/#: expected a topic without wildcards"),
    ("{mqtt: {address: h, topic: t, qos: 3}}", "mqtt.qos: 3: expected a whole number from 0 to 2"),
    ("{http: {hostName: \"ftp://h\"}}", "http.hostName: expected a host"),
    ("{http: {hostName: h, requestPath: \"/a b\"}}", "http.requestPath: /a b: expected a path"),
    ("{http: {hostName: h, host: x}}", "http.host: expected one of the known keys"),
    ("{otel: {endpointURL: \"http://user@h\"}}", "otel.endpointURL: expected http://HOST:PORT"),
    ("{dbMethod: {influxdb2: {}}}", "dbMethod.influxdb2.influxdb2ClientConfig: expected a mapping"),
  ])
  func `names what is wrong with a method`(method: String, words: String) {
    let problems = Self.problems(method)
    #expect(problems.contains { $0.contains("spec.properties[0].pushMethod." + words) }, "\(problems)")
  }

  @Test func `refuses texts for OTLP, which knows numbers only`() throws {
    let resolution = try Self.resolved("{otel: {endpointURL: \"http://h\"}}", type: "STRING")
    #expect(
      resolution.problems.map(\.description) == [
        "m.yaml:14: spec.properties[0].pushMethod.otel: STRING: expected a property of type INT, FLOAT, DOUBLE or "
          + "BOOLEAN, since otel pushes numbers"
      ])
  }

  @Test(arguments: [
    ("http://h", "http://h"), ("h:1", "http://h:1"), ("https://[::1]:8/a?b", "https://[::1]:8/a?b"),
    ("HTTPS://h:443", "https://h"),
  ])
  func `reads URLs of servers`(text: String, shown: String) {
    #expect(ServerURL(parsing: text)?.description == shown)
  }

  @Test(arguments: [
    "", "http://", "ws://h", "http://h:0", "http://h:70000", "http://u:p@h", "http://h#a", "a b",
  ])
  func `refuses what is no URL of a server`(text: String) { #expect(ServerURL(parsing: text) == nil) }
}
