// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc

/// Tells systemd how the agent is: datagrams to the socket that `NOTIFY_SOCKET` names, as sd_notify(3) describes.
/// Any thread; a datagram that does not go out is lost, and nothing waits for it.
package final class ServiceManager: Sendable {
  private let descriptor: Int32
  private let path: [UInt8]
  /// How often systemd wants to hear `WATCHDOG=1`, nanoseconds; nil: not at all.
  package let watchdog: Int64?

  /// Nil where nobody wants to be told.
  package init?() {
    guard let text = Self.variable("NOTIFY_SOCKET"), text.utf8.count > 1, text.utf8.count <= 107 else {
      return nil
    }
    var path = Array(text.utf8)
    // An abstract name begins with a zero byte.
    if path[0] == UInt8(ascii: "@") { path[0] = 0 } else if path[0] != UInt8(ascii: "/") { return nil }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    self.path = path
    self.descriptor = descriptor
    watchdog = Self.watchdogTime
  }

  deinit { close(descriptor) }

  package func ready() { send("READY=1\nSTATUS=serving") }

  package func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(sv_monotonic_ns() / 1000)") }

  package func stopping() { send("STOPPING=1\nSTATUS=stopping") }

  package func alive() { send("WATCHDOG=1") }

  /// One line for `systemctl status`.
  package func status(_ text: String) { send("STATUS=" + text) }

  private func send(_ text: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let size = MemoryLayout<sa_family_t>.size + path.count
    let bytes = Array(text.utf8)
    _ = withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        sendto(
          descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), address,
          socklen_t(size))
      }
    }
  }

  /// For this process only, as systemd says with `WATCHDOG_PID`.
  private static var watchdogTime: Int64? {
    guard let text = variable("WATCHDOG_USEC"), let time = Int64(text), time > 0, time < .max / 1000 else {
      return nil
    }
    if let pid = variable("WATCHDOG_PID"), pid != "\(getpid())" { return nil }
    return time * 1000
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
