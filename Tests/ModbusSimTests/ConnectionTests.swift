// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing
@testable import modbus_sim

@Suite struct ConnectionTests {
  /// A connection whose client is the test. Each request is answered with itself, or with `answerSize` bytes
  /// that begin as it does.
  private final class Client {
    private(set) var connection: Connection?
    let socket: Int32
    private(set) var requests: [[UInt8]] = []
    var answerSize: Int?
    var delay: Int64 = 0

    init() throws {
      var ends: [Int32] = [-1, -1]
      let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
      try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
      socket = ends[0]
      connection = Connection(socket: ends[1])
    }

    deinit { close(socket) }

    func send(_ bytes: some Sequence<UInt8>) {
      let bytes = Array(bytes)
      #expect(Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    func hangUp() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// The least that the system takes before it says that there is no room.
    func narrow() {
      var size: Int32 = 1
      guard let connection else { return }
      setsockopt(connection.socket, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// All that has come.
    func received() -> [UInt8] {
      var all: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { return all }
        all += buffer[..<count]
      }
    }

    func serve(readable: Bool = true, now: Int64 = 0) -> Bool {
      guard let connection else { return false }
      return connection.serve(readable: readable, now: now, delay: delay) { frame, room in
        requests.append(Array(frame))
        guard let answerSize else {
          room.copyMemory(from: frame)
          return frame.count
        }
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: frame[..<min(frame.count, answerSize)]))
        return answerSize
      }
    }

    /// Closes the connection, as its server does.
    func drop() { connection = nil }
  }

  private static let one = Hex.frame("03 0000 0001")
  private static let two = Hex.frame(unit: 2, "10 0000 0002 04 0001 0002")
  private static let three = Hex.frame("07")

  @Test func `pipelined frames are answered in order`() throws {
    let client = try Client()
    client.send(Self.one + Self.two + Self.three)
    #expect(client.serve())
    #expect(client.requests == [Self.one, Self.two, Self.three])
    #expect(client.received() == Self.one + Self.two + Self.three)
  }

  @Test func `a frame is answered when its last byte has come`() throws {
    let client = try Client()
    for byte in Self.one.dropLast() {
      client.send([byte])
      #expect(client.serve())
      #expect(client.requests.isEmpty)
    }
    // The end of the first with the beginning of the second.
    client.send([Self.one[Self.one.count - 1]] + Self.two[..<9])
    #expect(client.serve())
    #expect(client.requests == [Self.one])
    client.send(Self.two[9...])
    #expect(client.serve())
    #expect(client.requests == [Self.one, Self.two])
    #expect(client.received() == Self.one + Self.two)
  }

  @Test func `nothing to read is no reason to end`() throws {
    let client = try Client()
    #expect(client.serve())
    #expect(client.connection?.events == Int16(POLLIN))
    #expect(client.connection?.nextDue == nil)
  }

  @Test(arguments: [
    "1234 0001 0006 01 03 0000 0001",  // another protocol
    "1234 0100 0006 01 03 0000 0001",
    "1234 0000 0000 01 03", "1234 0000 0001 01 03",  // no function
    "1234 0000 00ff 01 03", "1234 0000 ffff 01 03",  // 255: more than a frame holds
    "474554202f20 48545450",  // GET / HTTP
  ]) func `what is no Modbus ends the connection`(garbage: String) throws {
    let client = try Client()
    client.send(Self.one)
    #expect(client.serve())
    client.send(Self.two + Hex.bytes(garbage))
    #expect(!client.serve())
    #expect(client.requests == [Self.one, Self.two])
    #expect(client.received() == Self.one)
  }

  @Test func `the largest frame is taken`() throws {
    let client = try Client()
    let frame = Hex.frame("10 0000 007b f6" + String(repeating: "00", count: 247))
    #expect(frame.count == Responder.largestFrame)
    client.send(frame + Self.one)
    #expect(client.serve())
    #expect(client.requests == [frame, Self.one])
  }

  @Test func `a request without an answer does not hold up the next`() throws {
    let client = try Client()
    client.answerSize = 0
    client.send(Self.one + Self.two)
    #expect(client.serve())
    #expect(client.requests.count == 2)
    #expect(client.connection?.events == Int16(POLLIN))
    #expect(client.received().isEmpty)
  }

  @Test func `a client that hangs up is gone, also in the middle of a frame`() throws {
    let client = try Client()
    client.send(Self.one[..<5])
    #expect(client.serve())
    client.hangUp()
    #expect(!client.serve())
  }

  @Test func `answers wait for their time`() throws {
    let client = try Client()
    client.delay = 100
    client.send(Self.one)
    #expect(client.serve(now: 1_000))
    client.send(Self.two)
    #expect(client.serve(now: 1_050))
    #expect(client.requests.count == 2)
    #expect(client.connection?.nextDue == 1_100)
    #expect(client.serve(readable: false, now: 1_099))
    #expect(client.received().isEmpty)
    #expect(client.serve(readable: false, now: 1_100))
    #expect(client.received() == Self.one)
    #expect(client.connection?.nextDue == 1_150)
    #expect(client.serve(readable: false, now: 1_200))
    #expect(client.received() == Self.two)
    #expect(client.connection?.nextDue == nil)
  }

  @Test func `more answers than fit hold the requests back, and none is lost`() throws {
    let client = try Client()
    client.answerSize = Responder.largestFrame
    client.delay = 100
    for _ in 0..<100 { client.send(Self.one) }
    #expect(client.serve(now: 0))
    #expect(client.requests.count == 64)
    #expect(client.connection?.events == 0, "nothing more is read")
    #expect(client.serve(readable: false, now: 100))
    #expect(client.received().count == 64 * Responder.largestFrame)
    // The answers are gone, so the other requests have room.
    #expect(client.requests.count == 100)
    #expect(client.serve(readable: false, now: 200))
    #expect(client.received().count == 36 * Responder.largestFrame)
    #expect(client.connection?.events == Int16(POLLIN))
  }

  @Test func `a client that reads slowly gets all in the end`() throws {
    let client = try Client()
    client.narrow()
    client.answerSize = Responder.largestFrame
    for _ in 0..<100 { client.send(Self.one) }
    #expect(client.serve())
    #expect(client.connection?.events == Int16(POLLOUT), "it waits for the client")
    var count = 0
    for _ in 0..<1_000 where count < 100 * Responder.largestFrame {
      count += client.received().count
      #expect(client.serve(readable: false))
    }
    #expect(count == 100 * Responder.largestFrame)
    #expect(client.requests.count == 100)
  }

  @Test func `the socket is closed with the connection`() throws {
    let client = try Client()
    client.drop()
    #expect(Glibc.send(client.socket, [0], 1, Int32(MSG_NOSIGNAL)) == -1)
    #expect(errno == EPIPE)
  }
}
