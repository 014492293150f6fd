// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The path of a unix socket: made ready, taken over and given up.
struct SocketPlace: Sendable {
  let path: String
  /// Bound first and renamed once its mode is right, so that nobody connects through a wider mode and the
  /// old socket is replaced in one step.
  let temporaryPath: String

  private static let key = "modules.twinAPI.socket"

  init(_ path: String) throws(StartError) {
    self.path = path
    temporaryPath = path + ".\(getpid())"
    let limit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
    guard path.utf8.first == UInt8(ascii: "/"), temporaryPath.utf8.count <= limit, !path.utf8.contains(0)
    else {
      throw StartError(
        key: Self.key, value: path,
        expected: "an absolute path of at most \(limit - temporaryPath.utf8.count + path.utf8.count) bytes")
    }
  }

  /// Makes the folder (mode 0755) and makes sure that nobody listens here.
  func prepare() throws(StartError) {
    var end = path.startIndex
    while let slash = path[path.index(after: end)...].firstIndex(of: "/") {
      guard mkdir(String(path[..<slash]), 0o755) == 0 || errno == EEXIST else {
        throw StartError(
          key: Self.key, value: path,
          expected: "a folder that can be made (\(path[..<slash]): \(Self.reason))")
      }
      end = slash
    }
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw StartError(
        key: Self.key, value: path, expected: "a free path or a socket, but something else is there")
    }
    if try isAnswered() {
      throw StartError(
        key: Self.key, value: path, expected: "a socket of its own, but another process listens there")
    }
  }

  /// Mode 0660, then the final name.
  func publish() throws(StartError) {
    guard chmod(temporaryPath, 0o660) == 0, rename(temporaryPath, path) == 0 else {
      let reason = Self.reason
      unlink(temporaryPath)
      throw StartError(key: Self.key, value: path, expected: "a place for a socket (\(reason))")
    }
  }

  func remove() { unlink(path) }

  /// Whether a process accepts connections here: a socket file outlives its process.
  private func isAnswered() throws(StartError) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else {
      throw StartError(key: Self.key, value: path, expected: "a free descriptor (\(Self.reason))")
    }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    // EAGAIN: its queue is full, so somebody is there.
    return result == 0 || errno == EAGAIN
  }

  private static var reason: String { String(cString: strerror(errno)) }
}
