// SPDX-License-Identifier: Apache-2.0
internal import CMosquitto
internal import Synchronization

/// A plain MQTT client for tests: connects once, keeps all that it gets.
package final class MQTTTestClient: @unchecked Sendable {
  // Sound: `client` is thread-safe, all else is under a lock.

  package struct Message: Sendable, Equatable {
    package var topic: String
    package var payload: [UInt8]
    package var qos: Int
    package var isRetained: Bool
    package var text: String { String(decoding: payload, as: UTF8.self) }
  }

  package struct ClientError: Error, CustomStringConvertible {
    package let description: String
  }

  private struct State {
    var isConnected = false
    var granted = 0
    var acknowledged = 0
    var messages: [Message] = []
  }

  private let client: OpaquePointer
  private let state = Mutex(State())

  /// Connects to a broker on loopback and waits until that is done.
  package init(port: UInt16) async throws {
    _ = libraryIsReady
    guard let client = mosquitto_new(nil, true, nil) else { throw ClientError(description: "out of memory") }
    self.client = client
    mosquitto_user_data_set(client, Unmanaged.passUnretained(self).toOpaque())
    mosquitto_connect_callback_set(client, onConnect)
    mosquitto_subscribe_callback_set(client, onSubscribe)
    mosquitto_message_callback_set(client, onMessage)
    mosquitto_publish_callback_set(client, onPublish)
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1)
    mosquitto_max_inflight_messages_set(client, 65_535)
    guard mosquitto_connect(client, "127.0.0.1", Int32(port), 60) == 0, mosquitto_loop_start(client) == 0
    else {
      throw ClientError(description: "no broker on port \(port)")
    }
    guard await eventually({ state.withLock { $0.isConnected } }) else {
      throw ClientError(description: "the broker on port \(port) did not take the connection")
    }
  }

  deinit {
    mosquitto_disconnect(client)
    mosquitto_loop_stop(client, false)
    mosquitto_destroy(client)
  }

  /// Returns once the broker has confirmed it.
  package func subscribe(_ pattern: String, qos: Int = 1) async throws {
    let before = state.withLock { $0.granted }
    guard mosquitto_subscribe(client, nil, pattern, Int32(qos)) == 0,
      await eventually({ state.withLock { $0.granted > before } })
    else {
      throw ClientError(description: "the broker did not grant \(pattern)")
    }
  }

  /// Publishes, and with `qos` 1 or 2 waits for the broker's acknowledgement.
  package func publish(_ text: String, to topic: String, qos: Int = 1, retain: Bool = false) async throws {
    try await publish(Array(text.utf8), to: topic, qos: qos, retain: retain)
  }

  package func publish(_ payload: [UInt8], to topic: String, qos: Int = 1, retain: Bool = false) async throws
  {
    let before = state.withLock { $0.acknowledged }
    guard mosquitto_publish(client, nil, topic, Int32(payload.count), payload, Int32(qos), retain) == 0,
      await eventually({ state.withLock { $0.acknowledged > before } })
    else {
      throw ClientError(description: "the broker did not take a message to \(topic)")
    }
  }

  /// All that came so far, in order.
  package var messages: [Message] { state.withLock { $0.messages } }

  /// The messages of one topic so far, in order.
  package func texts(on topic: String) -> [String] {
    state.withLock { $0.messages.filter { $0.topic == topic }.map(\.text) }
  }

  /// Waits for at least `count` messages; returns what there is then, or at the limit.
  package func messages(count: Int, within limit: Duration = .seconds(60)) async -> [Message] {
    _ = await eventually(within: limit) { state.withLock { $0.messages.count >= count } }
    return messages
  }

  package func forgetMessages() { state.withLock { $0.messages.removeAll() } }

  fileprivate func connected(_ code: Int32) { state.withLock { $0.isConnected = code == 0 } }
  fileprivate func subscribed() { state.withLock { $0.granted += 1 } }
  fileprivate func published() { state.withLock { $0.acknowledged += 1 } }
  fileprivate func received(_ message: mosquitto_message) {
    let payload = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
    let kept = Message(
      topic: message.topic.map { String(cString: $0) } ?? "", payload: [UInt8](payload),
      qos: Int(message.qos),
      isRetained: message.retain)
    state.withLock { $0.messages.append(kept) }
  }
}

private let libraryIsReady = mosquitto_lib_init() == 0

private func client(_ context: UnsafeMutableRawPointer?) -> MQTTTestClient? {
  context.map { Unmanaged<MQTTTestClient>.fromOpaque($0).takeUnretainedValue() }
}

private func onConnect(_: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ code: Int32) {
  client(context)?.connected(code)
}

private func onSubscribe(
  _: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _: Int32, _: Int32, _: UnsafePointer<Int32>?
) {
  client(context)?.subscribed()
}

private func onMessage(
  _: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ message: UnsafePointer<mosquitto_message>?
) {
  if let message { client(context)?.received(message.pointee) }
}

private func onPublish(_: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _: Int32) {
  client(context)?.published()
}
