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
    var credentials = BrokerCredentials()
    /// Nil: the system's certificates, where the address asks for TLS.
    var tls: BrokerTLS?
    /// Topic patterns, taken with QoS 1; empty for a connection that only publishes.
    var subscriptions: [String]
    var telemetryQoS: Int32
    var limits: EventBusOptions.Limits
    /// Keeps the telemetry that the broker cannot take; nil: it is dropped.
    var spool: SpoolOptions?
    /// The spool's folder.
    var spoolName = "external"
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
    /// Telemetry goes to the spool until what is on its way has arrived: the window was full.
    var isDiverted = false
    /// Accepted, and not taken by the thread yet; what `window` counts bounds it.
    var queue: [OutgoingMessage] = []
    var window: PublishWindow
    var statistics: BrokerStatistics
  }

  let settings: Settings
  let log: Logger
  let spool: Spool?
  let shared: Mutex<Shared>
  let end = ThreadEnd()
  let sleeper: Sleeper
  private let worker = Mutex<WorkerThread?>(nil)

  init(_ settings: Settings, log: Logger) throws {
    self.settings = settings
    self.log = log
    let sleeper = try Sleeper()
    self.sleeper = sleeper
    // Each connection makes a client of its own; here only what can never work is found.
    mosquitto_destroy(try Self.makeClient(settings))
    spool = settings.spool.map {
      Spool($0, name: settings.spoolName, log: log) { sleeper.signal() }
    }
    var statistics = BrokerStatistics(address: settings.address)
    statistics.since = WallClock.system.nanoseconds
    shared = Mutex(Shared(window: PublishWindow(settings.limits), statistics: statistics))
  }

  /// A client that is not connected, without credentials and TLS.
  static func makeClient(_ settings: Settings) throws(SetUpError) -> OpaquePointer {
    _ = libraryIsReady
    guard let client = mosquitto_new(settings.clientID, true, nil) else {
      throw SetUpError(description: "client id \"\(settings.clientID)\": \(SystemError.text(errno))")
    }
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V311)
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1)
    mosquitto_threaded_set(client, true)
    // Far above `Outbox.libraryLimit`: the library never holds a message back.
    mosquitto_max_inflight_messages_set(client, 65_535)
    return client
  }

  /// Starts the thread. `receiver` gets the messages of the subscriptions, on that thread.
  func start(_ receiver: (any MessageReceiver)?) throws {
    try spool?.start()
    let name = settings.subscriptions.isEmpty ? "mqtt-publish" : "mqtt"
    let started = try WorkerThread(name) { BrokerLoop(self, receiver).run() }
    worker.withLock { $0 = started }
  }

  /// Any thread. The bytes are copied. False: dropped and counted.
  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind) -> Bool {
    let quality = kind == .telemetry ? settings.telemetryQoS : 1
    return publish(payload, to: topic, as: kind, quality: quality, isRetained: kind == .state)
  }

  func publish(
    _ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind, quality: Int32,
    isRetained: Bool
  ) -> Bool {
    let fate = shared.withLock { shared -> Fate in
      // The spool's own lock is taken inside, so that its order is the order of these messages.
      let spool = kind == .telemetry ? spool : nil
      guard shared.isOpen, spool == nil || !shared.isDiverted else {
        if let spool, spool.append(payload, to: topic) { return .spooled }
        shared.statistics.drop(kind, \.disconnected)
        return .dropped
      }
      guard shared.window.add(payload.count, kind) else {
        if let spool {
          shared.isDiverted = true
          spool.mark()
          if spool.append(payload, to: topic) { return .spooled }
        }
        shared.statistics.drop(kind, \.overflow)
        return .dropped
      }
      shared.queue.append(
        OutgoingMessage(
          topic: topic, payload: [UInt8](payload), kind: kind, quality: quality, isRetained: isRetained))
      return .queued
    }
    if fate == .queued { sleeper.signal() }
    return fate != .dropped
  }

  private enum Fate { case queued, spooled, dropped }

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
    await spool?.stop()
  }

  var statistics: BrokerStatistics {
    shared.withLock {
      var statistics = $0.statistics
      statistics.messagesUnderWay = $0.window.all.messages
      statistics.bytesUnderWay = $0.window.all.bytes
      statistics.spool = spool?.statistics
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
    case .twin, .state: droppedTwin[keyPath: cause] += 1
    case .telemetry: droppedTelemetry[keyPath: cause] += 1
    }
  }
}
