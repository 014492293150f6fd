// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Threads

/// The internal broker's configuration file, its user and its port.
struct BrokerConfiguration {
  struct User {
    var id: uid_t
    var group: gid_t
  }

  let address: BrokerAddress
  let folder: String
  /// Whom the broker runs as; nil: as this process, which is not root.
  ///
  /// Root may not run it, and mosquitto must not change its user by itself: that would undo the order to die
  /// with its parent.
  let user: User?

  var path: String { folder + "/mosquitto.conf" }

  init(address: BrokerAddress, folder: String) {
    self.address = address
    self.folder = folder
    user = geteuid() == 0 ? Self.find("mosquitto") ?? Self.find("nobody") : nil
  }

  /// Slow subscribers hold memory of the broker: what waits for one is bounded.
  var text: String {
    """
    # Written by edgecore at each start.
    listener \(address.port) \(address.host)
    allow_anonymous true
    persistence false
    set_tcp_nodelay true
    max_inflight_messages 1000
    max_queued_messages 10000
    max_queued_bytes 67108864
    log_dest stderr
    log_timestamp false
    log_type error
    log_type warning
    log_type notice
    log_type information

    """
  }

  func write() throws {
    try makeFolder(folder)
    unlink(path)
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      throw InternalBroker.StartError(description: "\(path): \(SystemError.text(errno))")
    }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count,
      user.map({ fchown(file, $0.id, $0.group) }) ?? 0 == 0
    else {
      throw InternalBroker.StartError(description: "\(path): \(SystemError.text(errno))")
    }
  }

  func remove() { unlink(path) }

  /// 0 when the broker could listen there, or an errno.
  func probePort() -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address.host, String(address.port), &hints, &list) == 0, let first = list else {
      return EADDRNOTAVAIL
    }
    defer { freeaddrinfo(list) }
    let descriptor = socket(first.pointee.ai_family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    return bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 ? 0 : errno
  }

  private func makeFolder(_ path: String) throws {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw InternalBroker.StartError(description: "folder \(path): \(SystemError.text(errno))")
    }
    try makeFolder(String(path[..<slash]))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw InternalBroker.StartError(description: "folder \(path): \(SystemError.text(errno))")
    }
  }

  private static func find(_ name: String) -> User? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 4_096)
    guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
    return User(id: entry.pw_uid, group: entry.pw_gid)
  }
}
