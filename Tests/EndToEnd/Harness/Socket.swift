// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A connected stream socket with a limit on every wait. One thread at a time; blocks.
final class Socket {
  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
  }

  private let descriptor: Int32

  private init(_ family: Int32, limit: Int) throws {
    descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure("socket") }
    var time = timeval(tv_sec: limit, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
  }

  convenience init(path: String, limit: Int) throws {
    try self.init(AF_UNIX, limit: limit)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      for (index, byte) in path.utf8.prefix(room - 1).enumerated() { bytes[index] = byte }
    }
    try connect(to: &address, size: MemoryLayout<sockaddr_un>.size, named: path)
  }

  convenience init(port: UInt16, limit: Int) throws {
    try self.init(AF_INET, limit: limit)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    try connect(to: &address, size: MemoryLayout<sockaddr_in>.size, named: "port \(port)")
  }

  deinit { close(descriptor) }

  private func connect<Address>(to address: inout Address, size: Int, named name: String) throws {
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(size))
      }
    }
    guard result == 0 else { throw Failure(name) }
  }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure("send") }
      rest = rest.dropFirst(count)
    }
  }

  /// What has come, at least a byte; empty at the end of the stream.
  func receive() throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw Failure("receive") }
    return Array(buffer[..<count])
  }

  func receive(exactly wanted: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: wanted)
    while bytes.count < wanted {
      let count = recv(descriptor, &buffer, wanted - bytes.count, 0)
      guard count > 0 else { throw Failure("receive") }
      bytes += buffer[..<count]
    }
    return bytes
  }
}
