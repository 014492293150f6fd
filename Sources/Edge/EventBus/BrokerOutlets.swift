// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI
package import Logging

/// Connections that only publish, for modules that send values on. Each has a thread of its own.
///
/// The external broker's credentials and certificates serve where the address is the external broker's.
package final class BrokerOutlets: MessageOutlets {
  private let options: EventBusOptions
  private let log: Logger

  package init(_ options: EventBusOptions, log: Logger) {
    self.options = options
    self.log = log
  }

  package func outlet(to address: String) throws -> any MessageOutlet {
    let broker = try BrokerAddress(parsing: address)
    // Like KubeEdge's mappers, and mosquitto's own programs, each connection has an id that nobody else has.
    var settings = BrokerConnection.Settings(
      address: broker, clientID: "selvedge-push-\(UInt32.random(in: 0 ... .max))", subscriptions: [],
      telemetryQoS: 1, limits: options.limits)
    if broker == options.external {
      settings.credentials = options.credentials
      settings.tls = options.tls
    }
    let connection = try BrokerConnection(settings, log: log)
    try connection.start(nil)
    return BrokerOutlet(connection)
  }
}

private final class BrokerOutlet: MessageOutlet {
  private let connection: BrokerConnection

  init(_ connection: BrokerConnection) { self.connection = connection }

  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, qos: Int, retained: Bool) -> Bool {
    connection.publish(
      payload, to: topic, as: .twin, quality: Int32(min(max(qos, 0), 2)), isRetained: retained)
  }

  var problem: String {
    let statistics = connection.statistics
    return statistics.isConnected || !statistics.problem.isEmpty ? statistics.problem : "not connected yet"
  }

  func close() async {
    connection.beginStop()
    await connection.ended()
  }
}
