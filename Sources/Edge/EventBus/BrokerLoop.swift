// SPDX-License-Identifier: Apache-2.0
internal import CMosquitto
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import Synchronization

/// The life of a connection's thread: connect, serve, wait, again, until it is to stop.
final class BrokerLoop {
  enum Phase {
    case connecting
    /// The broker has taken the connection.
    case accepted
    /// Everything is subscribed.
    case ready
  }

  private static let keepAlive: Int32 = 30
  private static let handshakeLimit = 10_000
  private static let drainLimit = 2_000
  /// A connection that lived this long was a good one: the next try comes soon after its end.
  private static let healthyTime = 5_000
  /// Between looks at the keep-alive.
  static let checkInterval = 1_000
  /// Packets read before the answers to them are written.
  private static let readBatch = 64

  let connection: BrokerConnection
  let receiver: (any MessageReceiver)?
  let sleeper: Sleeper
  let spool: Spool?
  var outbox: Outbox
  /// Of this connection: the library would keep certificates and credentials of the one before.
  private(set) var client: OpaquePointer?
  var pace: ReplayPace
  private var backOff = BackOff(first: 500, limit: 5_000)
  private var tries = 0
  private var connects = 0
  private var connectedAt = 0
  private var isOpen = false
  private var drainEnd: Int?
  /// Set by callbacks, which run on this thread.
  var phase = Phase.connecting
  var problem: String?
  /// What the library logged of a TLS handshake.
  var handshakeProblem: String?
  var unconfirmed = 0
  var refusedSubscriptions = 0
  /// The packet that asks for method calls.
  var methodSubscription: Int32?
  var hasToldRefusedMethods = false
  var hasToldRetained = false
  var receivedCount: UInt64 = 0
  /// Acknowledgements queued since the last write.
  var acknowledgements = 0
  /// What was last logged, so that each change is told once and not each try.
  private var toldProblem: String?

  init(_ connection: BrokerConnection, _ receiver: (any MessageReceiver)?) {
    self.connection = connection
    self.receiver = receiver
    sleeper = connection.sleeper
    spool = connection.spool
    outbox = Outbox(givesTelemetryBack: spool != nil)
    pace = ReplayPace(rate: connection.settings.spool?.replayRate ?? 0)
  }

  /// Milliseconds of the monotonic clock.
  var now: Int { Int(WallClock.monotonic / 1_000_000) }

  func run() {
    if connection.settings.waitsForBroker { wait(backOff.next()) }
    while !isFinished {
      if let client = makeClient() {
        self.client = client
        if connect(client) { serve(client) }
        self.client = nil
        mosquitto_destroy(client)
      }
      closed()
      if !isFinished { wait(backOff.next()) }
    }
    let left = connection.statistics.messagesUnderWay
    if left > 0 { connection.log.warning("\(left) messages could not be delivered before the stop") }
    connection.end.come()
  }

  // MARK: - Connecting

  /// A client with the credentials and certificates of this moment; nil with `problem` set.
  private func makeClient() -> OpaquePointer? {
    phase = .connecting
    problem = nil
    refusedSubscriptions = 0
    let settings = connection.settings
    do {
      let (username, password) = try settings.credentials.read()
      let client = try BrokerConnection.makeClient(settings)
      setCallbacks(client)
      if let username {
        note(mosquitto_username_pw_set(client, username, password))
        if let text = problem { problem = "user name \"\(username)\": \(text)" }
      }
      if settings.address.usesTLS {
        mosquitto_log_callback_set(client, onLog)
        problem = problem ?? (settings.tls ?? BrokerTLS()).apply(to: client)
      }
      if problem == nil { return client }
      mosquitto_destroy(client)
    } catch let error as BrokerCredentials.ReadError {
      problem = error.description
    } catch {
      problem = "\(error)"
    }
    return nil
  }

  /// Begins to connect; false when that failed at once.
  private func connect(_ client: OpaquePointer) -> Bool {
    if connection.settings.address.usesTLS {
      // By name, which the certificate is checked against; so the library chooses among the host's addresses.
      let address = connection.settings.address
      note(mosquitto_connect_async(client, address.host, Int32(address.port), Self.keepAlive))
      return problem == nil
    }
    let addresses = resolve(connection.settings.address)
    guard !addresses.isEmpty else { return false }
    // Each try takes the next of the host's addresses: the library would only ever use the first.
    let address = addresses[tries % addresses.count]
    tries += 1
    note(mosquitto_connect_async(client, address, Int32(connection.settings.address.port), Self.keepAlive))
    return problem == nil
  }

  private func resolve(_ address: BrokerAddress) -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(address.host, nil, &hints, &list)
    guard status == 0 else {
      problem = "host \(address.host): " + String(cString: gai_strerror(status))
      return []
    }
    defer { freeaddrinfo(list) }
    var texts: [String] = []
    var next = list
    while let entry = next {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if getnameinfo(
        entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        == 0
      {
        texts.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
      next = entry.pointee.ai_next
    }
    return texts
  }

  private func wait(_ milliseconds: Int) {
    let end = now + milliseconds
    while true {
      sleeper.rearm()
      let triesNow = connection.shared.withLock { shared in
        defer { shared.retriesNow = false }
        return shared.retriesNow
      }
      let finished = isFinished
      let left = min(end, drainEnd ?? end) - now
      if triesNow || finished || left <= 0 { return }
      sleeper.sleep(milliseconds: left)
    }
  }

  // MARK: - Serving

  /// Moves packets until the connection ends or the thread is to stop.
  private func serve(_ client: OpaquePointer) {
    let started = now
    var checked = started
    while true {
      sleeper.rearm()
      if isOpen { exchange() }
      if isFinished {
        disconnect(client)
        return
      }
      write(client)
      if isOpen, outbox.hasNews { exchange() }
      tellReplayed()
      let socket = mosquitto_socket(client)
      guard socket >= 0, problem == nil else { return }
      let blocked = mosquitto_want_write(client)
      // Nothing to wait for: more can be written at once, or the last message has gone.
      let goesOn = isOpen && !blocked && outbox.canHandOver
      let pause = goesOn || isFinished ? 0 : isOpen && !blocked ? replayPause : Self.checkInterval
      let came = sleeper.sleep(
        socket: socket, events: Int16(blocked ? POLLIN | POLLOUT : POLLIN), milliseconds: pause)
      // A handshake goes on by reading, whatever it waited for.
      let isShaking = phase == .connecting && connection.settings.address.usesTLS && came != 0
      if isShaking || Int32(came) & ~POLLOUT != 0 { read(client) }
      let time = now
      if phase == .connecting, time - started > Self.handshakeLimit {
        problem = "no answer within \(Self.handshakeLimit / 1000) s"
        return
      }
      if time - checked >= Self.checkInterval {
        checked = time
        note(mosquitto_loop_misc(client))
      }
    }
  }

  /// Tells the publishers what is through, and takes what they have queued.
  private func exchange() {
    connection.shared.withLock { shared in
      exchange(&shared)
      if shared.isDiverted, shared.window.telemetry.messages == 0 { endDiversion(&shared) }
    }
  }

  private func exchange(_ shared: inout BrokerConnection.Shared) {
    shared.statistics.received += receivedCount
    receivedCount = 0
    outbox.exchange(&shared)
  }

  /// Writes all that waits, in as few segments as it takes: a segment costs both ends more than the two
  /// calls that hold it back.
  private func write(_ client: OpaquePointer) {
    var handedOver = isOpen ? outbox.handOver(to: client) : 0
    if isOpen { handedOver += replay(client) }
    let socket = mosquitto_socket(client)
    guard socket >= 0, mosquitto_want_write(client) else { return }
    let corks = handedOver + acknowledgements > 1
    acknowledgements = 0
    if corks { setCork(socket, 1) }
    note(mosquitto_loop_write(client, 1))
    if corks, mosquitto_socket(client) == socket { setCork(socket, 0) }
  }

  private func setCork(_ socket: Int32, _ value: Int32) {
    var value = value
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  private func read(_ client: OpaquePointer) {
    for _ in 0..<Self.readBatch {
      note(mosquitto_loop_read(client, 1))
      if !isOpen, phase != .connecting { opened(client) }
      let socket = mosquitto_socket(client)
      var waiting: Int32 = 0
      guard problem == nil, socket >= 0, ioctl(socket, UInt(FIONREAD), &waiting) == 0, waiting > 0 else {
        return
      }
    }
  }

  private func note(_ status: Int32) {
    if status != success, problem == nil { problem = handshakeProblem ?? describe(status) }
  }

  private func describe(_ status: Int32) -> String {
    let text = libraryError(status)
    let isBroken = [MOSQ_ERR_CONN_LOST, MOSQ_ERR_TLS].contains { Int32($0.rawValue) == status }
    guard isBroken, phase == .connecting, connection.settings.address.usesTLS else { return text }
    // A broker that wants a certificate may just hang up.
    let hint = connection.settings.tls?.certificate == nil ? " (does it ask for a client certificate?)" : ""
    return "TLS: the broker ended the handshake: \(text)\(hint)"
  }

  /// The broker took the connection.
  private func opened(_ client: OpaquePointer) {
    // From here on its lines would cost time for each packet.
    mosquitto_log_callback_set(client, nil)
    handshakeProblem = nil
    spool?.activate()
    isOpen = true
    connectedAt = now
    connects += 1
    connection.shared.withLock { shared in
      shared.isOpen = !shared.isStopping
      if connects > 1 { shared.statistics.reconnects += 1 }
    }
    if connection.settings.subscriptions.isEmpty { becameReady() }
  }

  /// Everything works from now on.
  func becameReady() {
    phase = .ready
    toldProblem = nil
    connection.shared.withLock { shared in
      shared.statistics.isConnected = true
      shared.statistics.since = WallClock.system.nanoseconds
      shared.statistics.problem = ""
    }
    connection.log.info("connected to the broker \(connection.settings.address)")
  }

  // MARK: - Ending

  /// There is no connection now; says why, when that is new.
  private func closed() {
    if isOpen, now - connectedAt >= Self.healthyTime { backOff.reset() }
    isOpen = false
    acknowledgements = 0
    let reason = problem ?? "the connection was closed"
    let rest = outbox.connectionEnded()
    handshakeProblem = nil
    tellReplayed()
    spool?.rewind()
    let lost = connection.shared.withLock { shared in
      shared.isOpen = false
      let lost = giveBack(rest, &shared)
      exchange(&shared)
      if shared.statistics.isConnected { shared.statistics.since = WallClock.system.nanoseconds }
      shared.statistics.isConnected = false
      shared.statistics.problem = shared.isStopping ? "" : reason
      return lost
    }
    if lost > 0 { connection.log.warning("\(lost) messages were lost with the connection") }
    if !isFinished, toldProblem != reason {
      toldProblem = reason
      connection.log.warning(
        "no connection to the broker \(connection.settings.address), trying on",
        metadata: ["error": "\(reason)"])
    }
  }

  /// Whether the thread is to end: it was asked to, and nothing is left to send or it took too long.
  private var isFinished: Bool {
    let (stops, isEmpty) = connection.shared.withLock { ($0.isStopping, $0.window.isEmpty) }
    guard stops else { return false }
    let end = drainEnd ?? now + Self.drainLimit
    drainEnd = end
    return isEmpty || now >= end
  }

  private func disconnect(_ client: OpaquePointer) {
    mosquitto_disconnect(client)
    let end = now + 100
    while mosquitto_socket(client) >= 0, mosquitto_want_write(client), now < end {
      guard mosquitto_loop_write(client, 1) == success else { return }
    }
  }
}
