// SPDX-License-Identifier: Apache-2.0
internal import Beehive
package import DeviceAPI
package import Logging
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Sends the values of properties on, as their `pushMethod` says: to MQTT brokers, HTTP servers, InfluxDB 2 and OTLP.
///
/// At each report cycle of a property its latest value goes out, if one came since the last time; what does not change is
/// sent again with each new reading, as KubeEdge's mappers do, and what is not read is not repeated. Each destination
/// has a queue of its own, so that one that is away delays no other.
package final class Push: Module, SampleConsumer, DeviceConsumer {
  package let name = "push"
  private let options: PushOptions
  private let outlets: (any MessageOutlets)?
  private let group: (any EventLoopGroup)?
  private let log: Logger
  private let schedule = PushSchedule()
  private let registry = Mutex(Registry())

  private struct Registry {
    var devices: [DeviceName: PushDevice] = [:]
    var sinks: [Destination: PushSink] = [:]
    var isStopped = false
  }

  /// What shares a queue and a connection.
  private enum Destination: Hashable {
    case mqtt(String)
    case http(PushMethod.HTTP)
    case influx(ServerURL, organization: String, bucket: String)
    case otel(ServerURL)
  }

  /// - Parameters:
  ///   - outlets: makes connections to brokers.
  ///   - group: runs the connections to HTTP servers; nil: one that the process shares.
  package init(
    _ options: PushOptions, outlets: (any MessageOutlets)?, group: (any EventLoopGroup)?, log: Logger
  ) {
    self.options = options
    self.outlets = outlets
    self.group = group
    self.log = log
  }

  package func start() async throws { try schedule.start() }

  /// Sends what waits, for up to 2 s.
  package func stop() async {
    await schedule.stop()
    let (devices, sinks) = registry.withLock { registry -> ([PushDevice], [PushSink]) in
      registry.isStopped = true
      defer {
        registry.devices = [:]
        registry.sinks = [:]
      }
      return (Array(registry.devices.values), Array(registry.sinks.values))
    }
    for device in devices { device.pushAll() }
    await withTaskGroup(of: Void.self) { group in
      for sink in sinks { group.addTask { await sink.close() } }
    }
  }

  /// One entry a destination, sorted.
  package var statistics: [PushStatistics] {
    registry.withLock { Array($0.sinks.values) }.map(\.statistics).sorted {
      ($0.kind.rawValue, $0.destination) < ($1.kind.rawValue, $1.destination)
    }
  }

  // MARK: - Devices

  package func deviceChanged(_ device: DeviceDescription) { _ = pushDevice(for: device) }

  package func deviceRemoved(_ name: DeviceName) {
    let (old, unused) = registry.withLock { registry -> (PushDevice?, [PushSink]) in
      let old = registry.devices.removeValue(forKey: name)
      return (old, Self.takeUnused(&registry))
    }
    finish(old, unused)
  }

  package func sink(for device: DeviceDescription) -> (any SampleSink)? { pushDevice(for: device) }

  package func reported(
    _ value: Value, of property: String, as type: PropertyType, device: DeviceName, time: Int64
  ) {
    registry.withLock { $0.devices[device] }?.take(value, of: property, time: time)
  }

  /// The device as described: the one there is, or a new one in its place.
  private func pushDevice(for description: DeviceDescription) -> PushDevice? {
    let (device, old, unused) = registry.withLock {
      registry -> (PushDevice?, PushDevice?, [PushSink]) in
      guard !registry.isStopped else { return (nil, nil, []) }
      let old = registry.devices[description.name]
      if let old, old.description == description { return (old, nil, []) }
      guard old != nil || description.properties.contains(where: { !$0.push.isEmpty }) else {
        return (nil, nil, [])
      }
      let new = PushDevice(description) { sink(for: $0, &registry) }
      registry.devices[description.name] = new
      if let new { schedule.add(new) }
      return (new, old, Self.takeUnused(&registry))
    }
    finish(old, unused)
    return device
  }

  private func finish(_ device: PushDevice?, _ unused: [PushSink]) {
    if let device { schedule.remove(device) }
    for sink in unused { Task { await sink.close() } }
  }

  /// Destinations that no device names any more.
  private static func takeUnused(_ registry: inout Registry) -> [PushSink] {
    var used: Set<ObjectIdentifier> = []
    for device in registry.devices.values {
      for route in device.routes.joined() { used.insert(ObjectIdentifier(route.sink)) }
    }
    var unused: [PushSink] = []
    for (key, sink) in registry.sinks where !used.contains(ObjectIdentifier(sink)) {
      registry.sinks[key] = nil
      unused.append(sink)
    }
    return unused
  }

  // MARK: - Destinations

  private func sink(for method: PushMethod, _ registry: inout Registry) -> PushSink? {
    let key = Self.destination(method)
    if let known = registry.sinks[key] { return known }
    let brokers = registry.sinks.keys.filter { if case .mqtt = $0 { true } else { false } }.count
    guard let new = makeSink(method, brokers: brokers) else { return nil }
    registry.sinks[key] = new
    return new
  }

  private static func destination(_ method: PushMethod) -> Destination {
    switch method {
    case .mqtt(let mqtt): .mqtt(mqtt.address)
    case .http(let http): .http(http)
    case .influxDB2(let influx):
      .influx(influx.url, organization: influx.organization, bucket: influx.bucket)
    case .otel(let otel): .otel(otel.url)
    }
  }

  private func makeSink(_ method: PushMethod, brokers: Int) -> PushSink? {
    switch method {
    case .mqtt(let mqtt):
      guard let sender = mqttSender(mqtt.address, brokers: brokers) else { return nil }
      return sink(.mqtt, mqtt.address, sender)
    case .http(let http):
      return sink(
        .http, "\(http.url)", HTTPSender(client: client(), target: http, format: options.format))
    case .influxDB2(let influx):
      return sink(
        .influxdb2, "\(influx.url) \(influx.organization)/\(influx.bucket)",
        InfluxSender(
          client: client(), url: influx.url, organization: influx.organization, bucket: influx.bucket,
          tokenFile: options.influxTokenFile))
    case .otel(let otel):
      return sink(.otel, "\(otel.url)", OTLPSender(client: client(), url: otel.url, node: options.node))
    }
  }

  private func sink(_ kind: PushStatistics.Kind, _ destination: String, _ sender: any PushSender) -> PushSink
  {
    PushSink(kind: kind, destination: destination, sender: sender, options: options, log: log)
  }

  private func client() -> HTTPClient {
    HTTPClient(group: group ?? MultiThreadedEventLoopGroup.singleton, authorities: options.authorities)
  }

  private func mqttSender(_ address: String, brokers: Int) -> MQTTSender? {
    guard let outlets, brokers < options.brokerLimit else {
      log.error(
        "values are not pushed to \(address)",
        metadata: [
          "error":
            "\(outlets == nil ? "MQTT is switched off on this node" : "\(options.brokerLimit) brokers have a connection, no more are served")"
        ])
      return nil
    }
    do {
      return MQTTSender(outlet: try outlets.outlet(to: address), format: options.format)
    } catch {
      log.error("values are not pushed to \(address)", metadata: ["error": "\(error)"])
      return nil
    }
  }
}
