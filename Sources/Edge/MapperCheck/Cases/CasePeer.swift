// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization
internal import Threads

/// The device of a case: follows its exchange on its end of a wire, one connection at a time.
final class CasePeer {
  private struct State {
    var done = 0
    var problem: String?
  }

  /// Neither end waits longer for the other; milliseconds.
  private static let patience: Int32 = 30_000

  private let exchange: CaseExchange
  private let wire: CaseWire
  private let stop: WakeUp
  private let thread: WorkerThread
  private let state: StateBox

  private final class StateBox: Sendable {
    let value = Mutex(State())
  }

  /// Texts of `device.yaml` and what stands for them.
  var placeholders: [(String, String)] { wire.placeholders }

  init(_ exchange: CaseExchange) throws(CheckEnd) {
    self.exchange = exchange
    let wire = try CaseWire.make(isSerial: exchange.isSerial)
    self.wire = wire
    let state = StateBox()
    self.state = state
    do {
      let stop = try WakeUp()
      self.stop = stop
      thread = try WorkerThread("case-peer") {
        let problem = Self.follow(exchange, wire, stop) { state.value.withLock { $0.done += 1 } }
        state.value.withLock { $0.problem = problem }
      }
    } catch {
      wire.close()
      throw .skipped("\(error)")
    }
  }

  /// Ends the device.
  ///
  /// - Returns: what was not as the exchange says; nil: all of it took place, and no more.
  func finish() -> String? {
    stop.raise()
    thread.join()
    wire.close()
    let end = state.value.withLock { $0 }
    if let problem = end.problem { return problem }
    guard end.done < exchange.steps.count else { return nil }
    return "exchange.txt:\(exchange.steps[end.done].line): the mapper did not get there"
  }

  /// - Returns: what was not as the exchange says.
  private static func follow(_ exchange: CaseExchange, _ wire: CaseWire, _ stop: WakeUp, _ done: () -> Void)
    -> String?
  {
    var connection: Int32 = wire.isSerial ? wire.descriptor : -1
    defer { if connection >= 0, !wire.isSerial { close(connection) } }
    for (line, step) in exchange.steps {
      if connection < 0 {
        guard wait(wire.descriptor, stop) else { return nil }
        connection = accept(wire.descriptor, nil, nil)
        guard connection >= 0 else {
          return "exchange.txt:\(line): no connection: \(SystemError.text(errno))"
        }
      }
      switch step {
      case .close:
        close(connection)
        connection = -1
      case .say(let bytes):
        let count =
          wire.isSerial
          ? write(connection, bytes, bytes.count) : send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard count == bytes.count else {
          return "exchange.txt:\(line): the mapper has closed the connection"
        }
      case .hear(let expected):
        if let problem = hear(expected, connection, stop) { return "exchange.txt:\(line): \(problem)" }
      }
      done()
    }
    return rest(connection, stop)
  }

  private static func hear(_ expected: [UInt8?], _ connection: Int32, _ stop: WakeUp) -> String? {
    var heard: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while heard.count < expected.count {
      guard wait(connection, stop) else { return "heard \(hex(heard)) and no more" }
      let count = read(connection, &buffer, min(buffer.count, expected.count - heard.count))
      guard count > 0 else { return "the mapper closed the connection after \(hex(heard))" }
      heard += buffer[..<count]
    }
    let isExpected = zip(heard, expected).allSatisfy { heard, expected in heard == expected ?? heard }
    return isExpected ? nil : "heard \(hex(heard))"
  }

  /// The mapper may hold the connection for as long as the case takes, but has no more to say.
  private static func rest(_ connection: Int32, _ stop: WakeUp) -> String? {
    guard connection >= 0, wait(connection, stop, -1) else { return nil }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = read(connection, &buffer, buffer.count)
    return count > 0 ? "after the exchange the mapper sent \(hex(Array(buffer[..<count])))" : nil
  }

  /// False when the case is over and nothing is there, or it took too long.
  private static func wait(_ descriptor: Int32, _ stop: WakeUp, _ milliseconds: Int32 = patience) -> Bool {
    var watched = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      let count = poll(&watched, 2, milliseconds)
      if count < 0 && errno == EINTR { continue }
      return count > 0 && watched[0].revents != 0
    }
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let digits = bytes.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }
    return digits.isEmpty ? "nothing" : digits.joined(separator: " ")
  }
}
