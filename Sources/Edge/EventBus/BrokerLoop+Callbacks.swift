// SPDX-License-Identifier: Apache-2.0
internal import CMosquitto
internal import DeviceAPI
internal import Logging
internal import Synchronization

/// What the client library calls, on the connection's thread. It holds its callback lock meanwhile, so
/// publishing is allowed here and setting callbacks is not.
extension BrokerLoop {
  /// The thread keeps this object alive for as long as the library may call.
  func setCallbacks(_ client: OpaquePointer) {
    mosquitto_user_data_set(client, Unmanaged.passUnretained(self).toOpaque())
    mosquitto_connect_callback_set(client, onConnect)
    mosquitto_subscribe_callback_set(client, onSubscribe)
    mosquitto_message_callback_set(client, onMessage)
    mosquitto_publish_callback_set(client, onPublish)
  }

  fileprivate func connected(_ code: Int32) {
    guard code == 0 else {
      problem = mosquitto_connack_string(code).map { String(cString: $0) } ?? "refused with code \(code)"
      return
    }
    phase = .accepted
    let patterns = connection.settings.subscriptions
    guard !patterns.isEmpty else { return }
    // Asked for anew with each connection: the session is a clean one.
    for pattern in patterns {
      var id: Int32 = 0
      let status = mosquitto_subscribe(client, &id, pattern, 1)
      if pattern == MethodTopic.pattern { methodSubscription = id }
      if status != success { problem = "subscribing \(pattern): \(libraryError(status))" }
    }
    unconfirmed = patterns.count
  }

  fileprivate func subscribed(_ id: Int32, _ granted: Int32) {
    unconfirmed -= 1
    if granted > 2 {
      if id == methodSubscription { refusedMethods() } else { refusedSubscriptions += 1 }
    }
    guard unconfirmed == 0 else { return }
    if refusedSubscriptions > 0 {
      problem =
        "the broker refused \(refusedSubscriptions) of the subscriptions: may this client read $hw/events/#?"
    } else {
      becameReady()
    }
  }

  /// Access rules made for KubeEdge do not know these topics: everything else goes on.
  private func refusedMethods() {
    if hasToldRefusedMethods { return }
    hasToldRefusedMethods = true
    connection.log.warning(
      "the broker refused the subscription of method calls: may this client read $ke/events/device/#?")
  }

  fileprivate func received(_ message: mosquitto_message) {
    guard let topic = message.topic else { return }
    // Its acknowledgement is in the queue now.
    acknowledgements += 1
    if message.retain {
      ignoreRetained(String(cString: topic))
      return
    }
    receivedCount += 1
    receiver?.receive(
      UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen)),
      on: String(cString: topic))
  }

  /// A request of an unknown time, which would come again with each connection: a set point of last week
  /// must not be written today.
  private func ignoreRetained(_ topic: String) {
    connection.shared.withLock { $0.statistics.ignored += 1 }
    if hasToldRetained { return }
    hasToldRetained = true
    connection.log.warning(
      "retained requests are not carried out; publish them without the retain flag",
      metadata: ["topic": "\(topic)"])
  }

  /// The first line tells what is wrong; what follows only tells that.
  fileprivate func logged(_ line: String, _ client: OpaquePointer) {
    guard handshakeProblem == nil else { return }
    handshakeProblem = BrokerTLS.reason(of: line, client, host: connection.settings.address.host)
  }

  fileprivate func published(_ id: Int32) { outbox.finished(id) }
}

private func loop(_ context: UnsafeMutableRawPointer?) -> BrokerLoop? {
  context.map { Unmanaged<BrokerLoop>.fromOpaque($0).takeUnretainedValue() }
}

private func onConnect(_ client: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ code: Int32) {
  loop(context)?.connected(code)
}

private func onSubscribe(
  _ client: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ id: Int32, _ count: Int32,
  _ granted: UnsafePointer<Int32>?
) {
  loop(context)?.subscribed(id, granted?.pointee ?? 0)
}

private func onMessage(
  _ client: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ message: UnsafePointer<mosquitto_message>?
) {
  if let message { loop(context)?.received(message.pointee) }
}

private func onPublish(_ client: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ id: Int32) {
  loop(context)?.published(id)
}

/// Set until the connection stands, and with TLS only.
func onLog(
  _ client: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ level: Int32, _ line: UnsafePointer<CChar>?
) {
  guard let client, let line, level & Int32(MOSQ_LOG_ERR) != 0 else { return }
  loop(context)?.logged(String(cString: line), client)
}
