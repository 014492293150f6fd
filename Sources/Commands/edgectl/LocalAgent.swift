// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The agent's process on this machine, as far as the kernel tells.
struct LocalAgent {
  let id: Int32

  init(id: Int32) { self.id = id }

  /// Who serves a unix socket. Blocks for a moment at most.
  init?(socket path: String) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    // The kernel's struct ucred: process, user, group.
    var credentials: [Int32] = [0, 0, 0]
    var size = socklen_t(MemoryLayout<Int32>.size * 3)
    guard connected, getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0,
      credentials[0] > 0
    else { return nil }
    id = credentials[0]
  }

  /// One that runs but does not answer: the first process of the agent's name.
  static var byName: LocalAgent? {
    (FileText.names(in: "/proc") ?? []).compactMap { Int32($0) }.first { id in
      FileText.ofKernel("/proc/\(id)/comm")?.hasPrefix("edgecore\n") == true
    }.map { LocalAgent(id: $0) }
  }

  /// The path of its program; ends in " (deleted)" when that was replaced.
  var program: String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let size = readlink("/proc/\(id)/exe", &buffer, buffer.count - 1)
    return size > 0
      ? String(decoding: buffer.prefix(size).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  /// Open descriptors, and how many it may have; nil when they are not ours to see.
  var openFiles: (count: Int, limit: Int)? {
    guard let names = FileText.names(in: "/proc/\(id)/fd"),
      let limits = FileText.ofKernel("/proc/\(id)/limits")
    else { return nil }
    let line = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }
    guard let limit = line?.split(separator: " ").compactMap({ Int($0) }).first else { return nil }
    return (names.count, limit)
  }

  /// Of any process of this machine.
  struct Usage: Equatable {
    /// Seconds of processor time since it began.
    var seconds: Double
    /// Resident bytes.
    var memory: Int64
  }

  static func usage(of id: Int32) -> Usage? {
    guard let stat = FileText.ofKernel("/proc/\(id)/stat"),
      let memory = FileText.ofKernel("/proc/\(id)/statm")
    else { return nil }
    // The name may hold blanks and brackets: what counts comes after the last bracket.
    guard let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    let pages = memory.split(separator: " ")
    guard fields.count > 12, pages.count > 1, let user = Double(fields[11]),
      let system = Double(fields[12]),
      let resident = Int64(pages[1])
    else { return nil }
    return Usage(
      seconds: (user + system) / Double(sysconf(Int32(_SC_CLK_TCK))),
      memory: resident * Int64(sysconf(Int32(_SC_PAGESIZE))))
  }
}
