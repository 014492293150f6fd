// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc
internal import Threads

/// The device's end of a wire, before anybody is on the other one: a TCP port of 127.0.0.1, or a pseudo terminal.
struct CaseWire {
  /// Texts of `device.yaml` and what stands for them: how the mapper reaches the device.
  let placeholders: [(String, String)]
  let isSerial: Bool
  /// A socket that listens, or the device's end of the line. The owner closes all of them.
  let descriptor: Int32
  private let others: [Int32]

  static func make(isSerial: Bool) throws(CheckEnd) -> CaseWire {
    let wire = isSerial ? line() : port()
    guard let wire else { throw .skipped("no wire for the device: \(SystemError.text(errno))") }
    return wire
  }

  func close() {
    for descriptor in others + [descriptor] { _ = Glibc.close(descriptor) }
  }

  private static func port() -> CaseWire? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return nil }
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
      _ = Glibc.close(socket)
      return nil
    }
    return CaseWire(
      placeholders: [("{port}", "\(UInt16(bigEndian: address.sin_port))")], isSerial: false,
      descriptor: socket,
      others: [])
  }

  private static func line() -> CaseWire? {
    var own: Int32 = -1
    var far: Int32 = -1
    var name = [CChar](repeating: 0, count: 128)
    let error = sv_pty_open(&own, &far, &name, name.count)
    guard error == 0 else {
      errno = error
      return nil
    }
    let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return CaseWire(placeholders: [("{tty}", path)], isSerial: true, descriptor: own, others: [far])
  }
}
