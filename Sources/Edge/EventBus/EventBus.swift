// SPDX-License-Identifier: Apache-2.0
internal import Beehive
package import DeviceAPI
package import Logging
internal import Synchronization

/// MQTT: takes the requests of device programs and publishes answers, twins and telemetry.
///
/// Messages come and go while there is a connection. Without one nothing is accepted, and each drop is
/// counted; a message that was accepted with QoS 1 is sent again after a reconnect, in its order.
package final class EventBus: Module, MessagePublisher {
  /// What KubeEdge subscribes, but for the topics of the cloud's router, and method calls. Answers lie below
  /// these patterns, so they do not come back.
  package static let subscriptions = [
    "$hw/events/device/+/+/state/update", "$hw/events/device/+/+/twin/+", "$hw/events/node/+/membership/get",
    MethodTopic.pattern,
  ]

  package struct StartError: Error, CustomStringConvertible {
    package let description: String
  }

  package let name = "eventBus"
  private let log: Logger
  private let links: [BrokerLink]
  private let broker: InternalBroker?
  private let receiver = Mutex<(any MessageReceiver)?>(nil)

  /// Throws with a text for operators when the options cannot work: no broker program in a mode that needs
  /// it, or a client id that MQTT does not allow.
  package init(_ options: EventBusOptions, log: Logger) throws {
    self.log = log
    let seconds = WallClock.system.nanoseconds / 1_000_000_000
    var links: [BrokerLink] = []
    if options.mode != .external {
      let link = try BrokerLink(options.internal, options, isInternal: true, seconds: seconds, log: log)
      links.append(link)
      broker = try InternalBroker(options, log: log) { link.retryNow() }
    } else {
      broker = nil
    }
    if options.mode != .internal {
      links.append(try BrokerLink(options.external, options, isInternal: false, seconds: seconds, log: log))
    }
    self.links = links
  }

  /// Who gets the requests: set before the start.
  package func setReceiver(_ receiver: any MessageReceiver) {
    self.receiver.withLock { $0 = receiver }
  }

  package func start() async throws {
    guard let receiver = receiver.withLock({ $0 }) else {
      throw StartError(description: "no receiver was set for MQTT requests")
    }
    try await broker?.start()
    for link in links { try link.start(receiver) }
  }

  /// Publishes what was accepted, for up to 2 s, then disconnects.
  package func stop() async {
    for link in links { link.beginStop() }
    for link in links { await link.ended() }
    await broker?.stop()
    receiver.withLock { $0 = nil }
  }

  /// With two brokers: true when one of them accepted it.
  @discardableResult
  package func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind)
    -> Bool
  {
    var accepted = false
    for link in links where link.publish(payload, to: topic, as: kind) { accepted = true }
    return accepted
  }

  /// One entry a broker; with `both` the internal one is first.
  package var statistics: [BrokerStatistics] { links.map(\.statistics) }

  /// How often the internal broker had to be started again; nil without one.
  package var brokerRestarts: UInt64? { broker?.restarts }

  /// The internal broker's process; nil while it does not run.
  package var brokerPID: Int32? { broker.flatMap { $0.pid > 0 ? $0.pid : nil } }
}
