// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI

/// `pushMethod` of a property, as KubeEdge's Device has it.
extension PushMethod {
  /// What this node does; another method is a problem that names it, since nobody would miss its values before it is
  /// too late.
  static let served = "one of mqtt, http, otel, dbMethod.influxdb2"

  static func read(_ keys: MappingReader) -> [PushMethod] {
    var methods: [PushMethod] = []
    if let mqtt = keys.mapping("mqtt"), let method = MQTT(mqtt) { methods.append(.mqtt(method)) }
    if let http = keys.mapping("http"), let method = HTTP(http) { methods.append(.http(method)) }
    if let otel = keys.mapping("otel"), let method = OpenTelemetry(otel) { methods.append(.otel(method)) }
    if let databases = keys.mapping("dbMethod") {
      if let influx = databases.mapping("influxdb2"), let method = InfluxDB2(influx) {
        methods.append(.influxDB2(method))
      }
      refuseOthers(databases, served: ["influxdb2"])
    }
    refuseOthers(keys, served: ["mqtt", "http", "otel", "dbMethod"])
    return methods
  }

  private static func refuseOthers(_ keys: MappingReader, served names: [String]) {
    for name in keys.names where !names.contains(name) && keys.node(name) != nil {
      keys.report(name, expected: served + " (this method is not served)")
    }
  }

  /// A text without a control character, which must be there.
  fileprivate static func text(_ key: String, _ keys: MappingReader, expected: String) -> String? {
    guard let text = keys.requiredString(key, expected: expected) else { return nil }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      keys.report(key, value: YAMLNode.shortened(text), expected: expected + ", without control characters")
      return nil
    }
    return text
  }

  fileprivate static func url(_ key: String, _ keys: MappingReader) -> ServerURL? {
    guard let text = keys.requiredString(key, expected: ServerURL.expected) else { return nil }
    guard let url = ServerURL(parsing: text) else {
      // The text is not shown: it may hold a password, which does not belong in it.
      keys.report(key, expected: ServerURL.expected)
      return nil
    }
    return url
  }
}

extension PushMethod.MQTT {
  fileprivate init?(_ keys: MappingReader) {
    let address = keys.requiredString("address", expected: "the address of a broker, tcp://HOST:PORT")
    let topic = PushMethod.text("topic", keys, expected: "a topic")
    let qos = keys.int("qos", in: 0...2) ?? 0
    let retained = keys.bool("retained") ?? false
    keys.finish()
    guard let address, let topic else { return nil }
    guard let server = MQTTServer(parsing: address.contains("://") ? address : "tcp://" + address) else {
      keys.report("address", expected: "tcp://HOST:PORT or ssl://HOST:PORT, without user or path")
      return nil
    }
    guard !topic.contains("+"), !topic.contains("#"), topic.utf8.count <= 65_535 else {
      keys.report("topic", value: YAMLNode.shortened(topic), expected: "a topic without wildcards")
      return nil
    }
    self.init(address: server.description, topic: topic, qos: qos, retained: retained)
  }
}

extension PushMethod.HTTP {
  /// KubeEdge's mappers put host name, port and path together: the host name may bring its scheme.
  fileprivate init?(_ keys: MappingReader) {
    let host = keys.requiredString("hostName", expected: "a host, or http://HOST or https://HOST")
    let port = keys.int("port", in: 0...65_535) ?? 0
    let path = keys.string("requestPath") ?? ""
    let timeout = keys.int("timeout", in: 0...3_600_000) ?? 0
    keys.finish()
    guard let host else { return nil }
    guard var url = ServerURL(parsing: host), url.path.isEmpty || url.path == "/" else {
      keys.report("hostName", expected: "a host, or http://HOST or https://HOST")
      return nil
    }
    if port > 0 { url.port = port }
    url.path = path.hasPrefix("/") ? path : "/" + path
    guard url.path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      keys.report(
        "requestPath", value: YAMLNode.shortened(path), expected: "a path; other characters percent-encoded")
      return nil
    }
    self.init(url: url, timeout: timeout == 0 ? Self.defaultTimeout : max(timeout, 100))
  }
}

extension PushMethod.InfluxDB2 {
  fileprivate init?(_ keys: MappingReader) {
    let client = keys.mapping("influxdb2ClientConfig")
    let data = keys.mapping("influxdb2DataConfig")
    for (name, section) in [("influxdb2ClientConfig", client), ("influxdb2DataConfig", data)]
    where section == nil && !keys.has(name) { keys.report(name, expected: "a mapping") }
    keys.finish()
    guard let client, let data else { return nil }
    let url = PushMethod.url("url", client)
    let organization = PushMethod.text("org", client, expected: "the name of an organisation")
    let bucket = PushMethod.text("bucket", client, expected: "the name of a bucket")
    client.finish()
    let measurement = PushMethod.text("measurement", data, expected: "the name of a measurement")
    let tags = data.dictionary("tag")
    let field = PushMethod.text("fieldKey", data, expected: "the name of a field")
    data.finish()
    for (key, value) in tags where (key + value).utf8.contains(where: { $0 < 0x20 }) || key.isEmpty {
      data.report(
        "tag", value: YAMLNode.shortened(key), expected: "names and values without control characters")
    }
    guard let url, let organization, let bucket, let measurement, let field else { return nil }
    self.init(
      url: url, organization: organization, bucket: bucket, measurement: measurement,
      tags: tags.filter { !$0.value.isEmpty }, field: field)
  }
}

extension PushMethod.OpenTelemetry {
  fileprivate init?(_ keys: MappingReader) {
    let url = PushMethod.url("endpointURL", keys)
    keys.finish()
    guard var url else { return nil }
    if url.path.isEmpty || url.path == "/" { url.path = "/v1/metrics" }
    self.init(url: url)
  }
}
