// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Serves all clients from one thread: a poll loop, and two system calls a request besides.
struct Server {
  /// More clients than that are turned away.
  static let mostClients = 1024

  private let listener: Int32
  let port: UInt16
  private var responder: Responder
  private let period: Int64
  private let delay: Int64
  private let logs: Bool
  private let start = Clock.monotonic()
  private var connections: [Connection] = []

  /// Binds and listens; `port` 0 takes a free one. `period` and `delay` are in nanoseconds.
  init(host: String, port: UInt16, responder: Responder, period: Int64, delay: Int64, logs: Bool) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
      throw Failure("--host \(host): expected an IPv4 address")
    }
    let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let listener = socket(AF_INET, Int32(kind), 0)
    guard listener >= 0 else { throw Failure.system("socket") }
    var one: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, size) == 0 && listen(listener, 128) == 0
          && getsockname(listener, generic, &size) == 0
      }
    }
    guard isListening else { throw Failure.system("\(host):\(port)") }
    self.listener = listener
    self.port = UInt16(bigEndian: address.sin_port)
    self.responder = responder
    self.period = period
    self.delay = delay
    self.logs = logs
  }

  /// Serves until `stop` is readable.
  mutating func run(stop: Int32) throws {
    var sockets: [pollfd] = []
    while true {
      sockets.removeAll(keepingCapacity: true)
      sockets.append(pollfd(fd: stop, events: Int16(POLLIN), revents: 0))
      sockets.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
      var due = Int64.max
      for connection in connections {
        sockets.append(pollfd(fd: connection.socket, events: connection.events, revents: 0))
        due = min(due, connection.nextDue ?? .max)
      }
      if poll(&sockets, nfds_t(sockets.count), Self.milliseconds(until: due)) < 0, errno != EINTR {
        throw Failure.system("poll")
      }
      if sockets[0].revents != 0 { break }
      serveConnections(sockets[2...])
      if sockets[1].revents != 0 { acceptClient() }
    }
    connections.removeAll()
    close(listener)
  }

  /// For poll: -1 without an end, else rounded up, so that nothing is looked for too early.
  private static func milliseconds(until due: Int64) -> Int32 {
    if due == .max { return -1 }
    let left = max(0, due - Clock.monotonic())
    return Int32(min((left + 999_999) / 1_000_000, 60_000))
  }

  private mutating func serveConnections(_ sockets: ArraySlice<pollfd>) {
    let now = Clock.monotonic()
    let moment = Moment(tick: Int((now - start) / period), clock: Self.clockValue())
    var gone: [Int] = []
    for (index, socket) in zip(connections.indices, sockets) {
      let connection = connections[index]
      let isDue = connection.nextDue.map { $0 <= now } ?? false
      guard socket.revents != 0 || isDue else { continue }
      let isReadable = socket.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0
      let isAlive = connection.serve(readable: isReadable, now: now, delay: delay) { frame, room in
        answer(frame, moment, into: room)
      }
      if !isAlive { gone.append(index) }
    }
    for index in gone.reversed() { connections.remove(at: index) }
  }

  private mutating func answer(
    _ frame: UnsafeRawBufferPointer, _ moment: Moment, into room: UnsafeMutableRawBufferPointer
  ) -> Int {
    let size = responder.respond(to: frame, moment, into: room)
    if logs {
      Output.line(RequestLine.text(of: frame, answer: UnsafeRawBufferPointer(rebasing: room[0..<size])))
    }
    return size
  }

  /// See `Pattern.clock`: 24 bits, which a float32 holds exactly.
  private static func clockValue() -> Float {
    Float(Clock.unix() / 62_500 % (1 << 24)) / 16
  }

  private mutating func acceptClient() {
    let client = accept(listener, nil, nil)
    guard client >= 0 else { return }
    guard connections.count < Self.mostClients, fcntl(client, F_SETFL, O_NONBLOCK) == 0 else {
      close(client)
      return
    }
    var one: Int32 = 1
    setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    connections.append(Connection(socket: client))
  }
}
