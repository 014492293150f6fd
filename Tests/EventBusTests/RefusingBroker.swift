// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import TestSupport

/// As much of a broker as it takes to refuse a subscription: it takes one connection after the other and
/// grants every pattern that does not contain a word.
final class RefusingBroker: Sendable {
  struct Failure: Error {}

  let port: UInt16
  private let listener: Int32
  private let asked = Mutex<[String]>([])

  /// The patterns that were asked for, by all connections.
  var patterns: [String] { asked.withLock { $0 } }

  init(refusing word: String) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 1) == 0
          && getsockname(listener, address, &length) == 0
      }
    }
    guard listener >= 0, status else { throw Failure() }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    // Not on a queue: its threads are those of Swift's pool.
    onThread { self.serve(refusing: word) }
  }

  deinit { Glibc.close(listener) }

  /// Takes no further connection; one that was taken ends with its client.
  func close() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve(refusing word: String) {
    while case let connection = accept(listener, nil, nil), connection >= 0 {
      serve(connection, refusing: word)
      Glibc.close(connection)
    }
  }

  private func serve(_ connection: Int32, refusing word: String) {
    while let (kind, body) = packet(from: connection) {
      switch kind >> 4 {
      case 1: send([0x20, 2, 0, 0], to: connection)  // CONNECT: CONNACK
      case 8:  // SUBSCRIBE: packet id, length of the pattern, pattern, QoS
        guard body.count > 5 else { return }
        let pattern = String(decoding: body[4..<(body.count - 1)], as: UTF8.self)
        asked.withLock { $0.append(pattern) }
        send([0x90, 3, body[0], body[1], pattern.contains(word) ? 0x80 : 1], to: connection)
      case 12: send([0xD0, 0], to: connection)  // PINGREQ
      default: break
      }
    }
  }

  private func packet(from connection: Int32) -> (UInt8, [UInt8])? {
    guard let kind = bytes(1, from: connection)?[0] else { return nil }
    var length = 0
    var shift = 0
    while true {
      guard let byte = bytes(1, from: connection)?[0], shift <= 21 else { return nil }
      length |= Int(byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 { break }
    }
    return bytes(length, from: connection).map { (kind, $0) }
  }

  private func bytes(_ count: Int, from connection: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes {
        recv(connection, $0.baseAddress?.advanced(by: filled), count - filled, 0)
      }
      guard got > 0 else { return nil }
      filled += got
    }
    return bytes
  }

  private func send(_ bytes: [UInt8], to connection: Int32) {
    _ = Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
