// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc

/// A connection to a broker of 127.0.0.1 in MQTT 3.1.1 that has subscribed to everything: as much of the protocol as a
/// case needs. One thread.
final class MQTTConnection {
  struct Message: Equatable {
    var topic: String
    var payload: String
  }

  private enum Kind {
    static let connectAcknowledgement: UInt8 = 2
    static let publish: UInt8 = 3
    static let subscribeAcknowledgement: UInt8 = 9
  }

  private static let patience: Int64 = 30_000_000_000
  private static let maximumBytes = 1 << 20

  private let socket: Int32
  private var pending: [UInt8] = []

  /// Nil: nobody listens, or it is no broker.
  init?(port: UInt16) {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    // Level 4, a clean session, nothing to be kept alive, no name of its own.
    guard isConnected, send(0x10, Self.text("MQTT") + [4, 2, 0, 0] + Self.text("")),
      let accepted = packet(), accepted.first >> 4 == Kind.connectAcknowledgement, accepted.body == [0, 0],
      send(0x82, [0, 1] + Self.text("#") + [0]),
      let granted = packet(), granted.first >> 4 == Kind.subscribeAcknowledgement, granted.body == [0, 1, 0]
    else {
      close()
      return nil
    }
  }

  func close() { _ = Glibc.close(socket) }

  /// With QoS 0.
  func publish(_ topic: String, _ payload: String) { _ = send(0x30, Self.text(topic) + payload.utf8) }

  /// The next message that somebody has published, this client too; nil: none came in time.
  func next() -> Message? {
    while let (first, body) = packet() {
      guard first >> 4 == Kind.publish, body.count >= 2 else { continue }
      let size = Int(body[0]) << 8 | Int(body[1])
      guard body.count >= 2 + size else { return nil }
      return Message(
        topic: String(decoding: body[2..<2 + size], as: UTF8.self),
        payload: String(decoding: body[(2 + size)...], as: UTF8.self))
    }
    return nil
  }

  private static func text(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return [UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
  }

  private func send(_ first: UInt8, _ body: [UInt8]) -> Bool {
    var packet = [first]
    var size = body.count
    repeat {
      packet.append(UInt8(size & 0x7F) | (size > 0x7F ? 0x80 : 0))
      size >>= 7
    } while size > 0
    packet += body
    return Glibc.send(socket, packet, packet.count, Int32(MSG_NOSIGNAL)) == packet.count
  }

  /// Nil: the connection has ended, or nothing came in time.
  private func packet() -> (first: UInt8, body: [UInt8])? {
    let deadline = sv_monotonic_ns() + Self.patience
    while true {
      if let packet = whole() { return packet }
      let left = deadline - sv_monotonic_ns()
      guard left > 0, pending.count <= Self.maximumBytes else { return nil }
      var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      guard poll(&watched, 1, Int32(clamping: left / 1_000_000 + 1)) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      pending += buffer[..<count]
    }
  }

  /// Cuts the first packet off what has come; nil: it is not all there.
  private func whole() -> (first: UInt8, body: [UInt8])? {
    var size = 0
    var place = 1
    while true {
      guard place < pending.count, place < 5 else { return nil }
      size |= Int(pending[place] & 0x7F) << (7 * (place - 1))
      place += 1
      if pending[place - 1] & 0x80 == 0 { break }
    }
    guard pending.count >= place + size else { return nil }
    let packet = (first: pending[0], body: Array(pending[place..<place + size]))
    pending.removeFirst(place + size)
    return packet
  }
}
