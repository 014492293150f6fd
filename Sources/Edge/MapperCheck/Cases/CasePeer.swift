// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization
internal import Threads

/// The device of a case: listens on a free port of 127.0.0.1 and follows its exchange, one connection at a time.
final class CasePeer {
  private struct State {
    var done = 0
    var problem: String?
  }

  /// Neither end waits longer for the other.
  private static let patience: Int32 = 10_000

  let port: UInt16
  private let exchange: CaseExchange
  private let socket: Int32
  private let stop: WakeUp
  private let thread: WorkerThread
  private let state: StateBox

  private final class StateBox: Sendable {
    let value = Mutex(State())
  }

  init(_ exchange: CaseExchange) throws(CheckEnd) {
    self.exchange = exchange
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && listen(socket, 4) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    guard isBound else {
      if socket >= 0 { close(socket) }
      throw .skipped("no port for the device: \(SystemError.text(errno))")
    }
    self.socket = socket
    port = UInt16(bigEndian: address.sin_port)
    let state = StateBox()
    self.state = state
    do {
      let stop = try WakeUp()
      self.stop = stop
      thread = try WorkerThread("case-peer") {
        let problem = Self.follow(exchange, socket, stop) { state.value.withLock { $0.done += 1 } }
        state.value.withLock { $0.problem = problem }
      }
    } catch {
      close(socket)
      throw .skipped("\(error)")
    }
  }

  /// Ends the device.
  ///
  /// - Returns: what was not as the exchange says; nil: all of it took place.
  func finish() -> String? {
    stop.raise()
    thread.join()
    close(socket)
    let end = state.value.withLock { $0 }
    if let problem = end.problem { return problem }
    guard end.done < exchange.steps.count else { return nil }
    return "exchange.txt:\(exchange.steps[end.done].line): the mapper did not get there"
  }

  /// - Returns: what was not as the exchange says.
  private static func follow(_ exchange: CaseExchange, _ socket: Int32, _ stop: WakeUp, _ done: () -> Void)
    -> String?
  {
    var connection: Int32 = -1
    defer { if connection >= 0 { close(connection) } }
    for (line, step) in exchange.steps {
      if connection < 0 {
        guard wait(socket, stop) else { return nil }
        connection = accept(socket, nil, nil)
        guard connection >= 0 else {
          return "exchange.txt:\(line): no connection: \(SystemError.text(errno))"
        }
      }
      switch step {
      case .close:
        close(connection)
        connection = -1
      case .say(let bytes):
        guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
          return "exchange.txt:\(line): the mapper has closed the connection"
        }
      case .hear(let expected):
        if let problem = hear(expected, connection, stop) { return "exchange.txt:\(line): \(problem)" }
      }
      done()
    }
    // The mapper may hold the connection for as long as the case takes.
    _ = wait(connection, stop)
    return nil
  }

  private static func hear(_ expected: [UInt8?], _ connection: Int32, _ stop: WakeUp) -> String? {
    var heard: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while heard.count < expected.count {
      guard wait(connection, stop) else { return "heard \(hex(heard)) and no more" }
      let count = recv(connection, &buffer, min(buffer.count, expected.count - heard.count), 0)
      guard count > 0 else { return "the mapper closed the connection after \(hex(heard))" }
      heard += buffer[..<count]
    }
    let isExpected = zip(heard, expected).allSatisfy { heard, expected in heard == expected ?? heard }
    return isExpected ? nil : "heard \(hex(heard))"
  }

  /// False when the case is over, or took too long.
  private static func wait(_ descriptor: Int32, _ stop: WakeUp) -> Bool {
    var watched = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    return poll(&watched, 2, patience) > 0 && watched[0].revents != 0
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let digits = bytes.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }
    return digits.isEmpty ? "nothing" : digits.joined(separator: " ")
  }
}
