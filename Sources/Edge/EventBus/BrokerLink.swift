// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging

/// One broker, by one connection or, when the configuration names two client ids, by two.
final class BrokerLink: Sendable {
  private let subscriber: BrokerConnection
  private let publisher: BrokerConnection

  init(_ address: BrokerAddress, _ options: EventBusOptions, isInternal: Bool, seconds: Int64, log: Logger)
    throws
  {
    let telemetryQoS = options.telemetryQoS ?? (address.isLoopback ? 0 : 1)
    var settings = BrokerConnection.Settings(
      address: address, clientID: options.subscriberID ?? options.publisherID ?? "hub-client-sub-\(seconds)",
      credentials: isInternal ? BrokerCredentials() : options.credentials,
      tls: isInternal ? nil : options.tls, subscriptions: EventBus.subscriptions,
      telemetryQoS: Int32(telemetryQoS > 0 ? 1 : 0),
      limits: options.limits, spoolName: isInternal ? "internal" : "external", waitsForBroker: isInternal)
    guard let publisherID = options.publisherID, publisherID != settings.clientID else {
      settings.spool = options.spool
      subscriber = try BrokerConnection(settings, log: log)
      publisher = subscriber
      return
    }
    subscriber = try BrokerConnection(settings, log: log)
    settings.clientID = publisherID
    settings.subscriptions = []
    settings.spool = options.spool
    publisher = try BrokerConnection(settings, log: log)
  }

  private var hasTwo: Bool { publisher !== subscriber }

  func start(_ receiver: any MessageReceiver) throws {
    try subscriber.start(receiver)
    if hasTwo { try publisher.start(nil) }
  }

  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind) -> Bool {
    publisher.publish(payload, to: topic, as: kind)
  }

  func retryNow() {
    subscriber.retryNow()
    if hasTwo { publisher.retryNow() }
  }

  func beginStop() {
    publisher.beginStop()
    if hasTwo { subscriber.beginStop() }
  }

  func ended() async {
    await publisher.ended()
    if hasTwo { await subscriber.ended() }
  }

  var statistics: BrokerStatistics {
    guard hasTwo else { return subscriber.statistics }
    let incoming = subscriber.statistics
    var both = publisher.statistics
    both.isConnected = both.isConnected && incoming.isConnected
    both.since = max(both.since, incoming.since)
    if both.problem.isEmpty { both.problem = incoming.problem }
    both.reconnects += incoming.reconnects
    both.received = incoming.received
    both.ignored = incoming.ignored
    return both
  }
}
