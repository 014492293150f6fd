// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Ports on loopback for the servers of tests.
package enum FreePort {
  /// Below the ports that the system gives to those who connect (from 32768 on), which would come and go: one of them
  /// could even be connected with itself.
  private static let range: ClosedRange<UInt16> = 12_000...31_999

  /// A TCP port that nobody listens on now. Another process may take it before its user does, so servers
  /// that find it taken should try another.
  package static func find() -> UInt16 {
    for _ in 0..<1_000 {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      let port = UInt16.random(in: range)
      var address = loopback(port: port)
      let isFree = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      if isFree { return port }
    }
    return 0
  }

  /// Whether a connection to the port is taken.
  package static func isServed(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(port: port)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
