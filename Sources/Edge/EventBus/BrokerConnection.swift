// SPDX-License-Identifier: Apache-2.0
internal import CMosquitto
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import Synchronization
internal import Threads

/// One connection to an MQTT broker, kept up by a thread of its own from `start` to `stop`.
///
/// The thread runs the client library's reads, writes and callbacks. The library's own loop is not used: it
/// gives up for good after some errors, waits whole seconds between tries, cannot have a descriptor above
/// 1023, and is woken by a system call for each message that another thread publishes.
final class BrokerConnection: @unchecked Sendable {
  // Sound: `client` has its own locks, `shared` is a lock, and what the thread alone uses is in `BrokerLoop`.

  struct Settings: Sendable {
    var address: BrokerAddress
    var clientID: String
    var username: String?
    var password: String?
    /// Topic patterns, taken with QoS 1; empty for a connection that only publishes.
    var subscriptions: [String]
    var telemetryQoS: Int32
    var limits: EventBusOptions.Limits
    /// The broker is being started: the first try is made when `retryNow` is called, or after half a second.
    var waitsForBroker = false
  }

  struct SetUpError: Error, CustomStringConvertible {
    let description: String
  }

  /// What several threads use, under one lock.
  struct Shared {
    /// Whether messages are accepted. Set once the broker has been sent again what an earlier connection
    /// left unacknowledged, so that nothing overtakes it.
    var isOpen = false
    var isStopping = false
    var retriesNow = false
    /// Accepted, and not taken by the thread yet; what `window` counts bounds it.
    var queue: [OutgoingMessage] = []
    var window: PublishWindow
    var statistics: BrokerStatistics
  }

  let settings: Settings
  let log: Logger
  let client: OpaquePointer
  let shared: Mutex<Shared>
  let end = ThreadEnd()
  let sleeper: Sleeper
  private let worker = Mutex<WorkerThread?>(nil)

  init(_ settings: Settings, log: Logger) throws {
    self.settings = settings
    self.log = log
    sleeper = try Sleeper()
    _ = libraryIsReady
    guard let client = mosquitto_new(settings.clientID, true, nil) else {
      throw SetUpError(description: "client id \"\(settings.clientID)\": \(SystemError.text(errno))")
    }
    self.client = client
    var statistics = BrokerStatistics(address: settings.address)
    statistics.since = WallClock.system.nanoseconds
    shared = Mutex(Shared(window: PublishWindow(settings.limits), statistics: statistics))
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V311)
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1)
    mosquitto_threaded_set(client, true)
    // Far above `BrokerLoop.libraryLimit`: the library never holds a message back.
    mosquitto_max_inflight_messages_set(client, 65_535)
    if let username = settings.username {
      let status = mosquitto_username_pw_set(client, username, settings.password)
      guard status == success else {
        throw SetUpError(description: "user name \"\(username)\": \(libraryError(status))")
      }
    }
  }

  deinit { mosquitto_destroy(client) }

  /// Starts the thread. `receiver` gets the messages of the subscriptions, on that thread.
  func start(_ receiver: (any MessageReceiver)?) throws {
    let name = settings.subscriptions.isEmpty ? "mqtt-publish" : "mqtt"
    let started = try WorkerThread(name) { BrokerLoop(self, receiver).run() }
    worker.withLock { $0 = started }
  }

  /// Any thread. The bytes are copied. False: dropped and counted.
  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind) -> Bool {
    let message = OutgoingMessage(topic: topic, payload: [UInt8](payload), kind: kind)
    let accepted = shared.withLock { shared in
      guard shared.isOpen else {
        shared.statistics.drop(kind, \.disconnected)
        return false
      }
      guard shared.window.add(payload.count, kind) else {
        shared.statistics.drop(kind, \.overflow)
        return false
      }
      shared.queue.append(message)
      return true
    }
    if accepted { sleeper.signal() }
    return accepted
  }

  /// Ends the wait for the next try.
  func retryNow() {
    shared.withLock { $0.retriesNow = true }
    sleeper.signal()
  }

  /// Takes no more messages, and makes the thread end once the accepted ones are through, within 2 s.
  func beginStop() {
    shared.withLock {
      $0.isStopping = true
      $0.isOpen = false
    }
    sleeper.signal()
  }

  /// Returns when the thread has ended, which `beginStop` asks it to do.
  func ended() async {
    guard let worker = worker.withLock({ $0.take() }) else { return }
    await end.wait()
    worker.join()
  }

  var statistics: BrokerStatistics {
    shared.withLock {
      var statistics = $0.statistics
      statistics.messagesUnderWay = $0.window.all.messages
      statistics.bytesUnderWay = $0.window.all.bytes
      return statistics
    }
  }
}

let success = Int32(MOSQ_ERR_SUCCESS.rawValue)
let noConnection = Int32(MOSQ_ERR_NO_CONN.rawValue)

/// The client library's state of the whole process, made once.
private let libraryIsReady = mosquitto_lib_init() == success

/// The client library's words; where it only passes on an errno, the system's.
func libraryError(_ status: Int32) -> String {
  let code = errno
  if status == Int32(MOSQ_ERR_ERRNO.rawValue) { return SystemError.text(code) }
  return mosquitto_strerror(status).map { String(cString: $0) } ?? "error \(status)"
}

extension BrokerStatistics {
  mutating func drop(_ kind: MessageKind, _ cause: WritableKeyPath<Dropped, UInt64>) {
    switch kind {
    case .twin: droppedTwin[keyPath: cause] += 1
    case .telemetry: droppedTelemetry[keyPath: cause] += 1
    }
  }
}
