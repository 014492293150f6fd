// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import TestSupport

/// Stands where systemd listens for what its services say of themselves.
final class NotifySocket: Sendable {
  struct OpenError: Error {}
  let path: String
  private let descriptor: Int32
  private let folder: TemporaryFolder
  private let heard = Mutex<[String]>([])

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path + "/notify"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard descriptor >= 0, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw OpenError()
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let bound = withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw OpenError() }
  }

  deinit { close(descriptor) }

  /// Every message so far, in order; a line each.
  var messages: [String] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
      let text = String(decoding: buffer.prefix(count), as: UTF8.self)
      heard.withLock { $0 += text.split(separator: "\n").map(String.init) }
    }
    return heard.withLock { $0 }
  }
}
