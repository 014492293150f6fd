// SPDX-License-Identifier: Apache-2.0
internal import CSpawn
internal import Config
internal import Glibc
internal import MapperEngine

/// What one runner may use: what it is told for its own confinement, and what its host looks at.
struct RunnerLimits: Sendable, Equatable {
  /// Each takes memory of the kernel and one of the machine's process numbers. 256 are the engine's lanes.
  static let threads = 1024
  private static let megabyte = 1 << 20

  var memoryBytes = 256 * megabyte
  /// 0: none.
  var processes = 0
  /// Whether nothing keeps it from starting processes.
  var mayFork = false
  var confinement = Confinement()

  /// Nothing is restricted but by what the host looks at.
  init() { confinement.isSandboxed = false }

  /// - Parameter snapshot: the library that the runner opens.
  init(_ limits: MapperLimits, snapshot: String) throws(FileProblem) {
    memoryBytes = limits.memoryMB * Self.megabyte
    processes = limits.processes
    mayFork = limits.processes > 0 || limits.sandbox == .off
    // A second fence, for what grows faster than the host looks. Stacks and what is only reserved count in
    // full, hence the margin.
    confinement.dataBytes = UInt64(2 * memoryBytes + 1024 * Self.megabyte)
    confinement.openFiles = UInt32(clamping: limits.openFiles)
    confinement.mayFork = limits.processes > 0
    confinement.isSandboxed = limits.sandbox == .on
    confinement.readable = Self.readable + [snapshot] + limits.readable
    confinement.writable = Self.writable + limits.writable
    confinement.devices = ["/dev"]
    guard let user = try Self.user(limits.user) else { return }
    confinement.user = user
    // Shared by all mappers of that user: a hard stop, not a measure.
    confinement.userProcesses = UInt32(clamping: 4096 + limits.processes)
    try Self.open(snapshot)
  }

  /// What programs and libraries of the system need. The folder of the agent's state is not among it, nor are
  /// people's.
  private static let readable = [
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/etc", "/sys", "/proc", "/run",
    // It may be a link to anywhere.
    "/etc/resolv.conf",
  ]
  private static let writable = ["/tmp", "/run/lock", "/dev/shm"]

  /// Looks at the users that the configuration names, before anything is started.
  static func check(_ limits: MapperLimitsConfiguration) throws(FileProblem) {
    let path = "modules.mapperHost.limits."
    let named = limits.mappers.keys.sorted().map { ("mappers.\($0).user", limits.limits(of: $0).user) }
    for (key, name) in [("user", limits.all.user)] + named {
      do throws(FileProblem) {
        _ = try user(name)
      } catch {
        throw FileProblem(path + key + ": \(error)")
      }
    }
  }

  /// Nil: the runner stays what the agent is.
  private static func user(_ name: String) throws(FileProblem) -> Confinement.User? {
    guard !name.isEmpty else { return nil }
    guard let found = lookUp(name) else {
      throw FileProblem("\(name): expected a user of this system")
    }
    guard found.user != geteuid() else { return nil }
    guard geteuid() == 0 else {
      throw FileProblem(
        "\(name): expected nothing, since only an agent that runs as root can change the user")
    }
    return found
  }

  private static func lookUp(_ name: String) -> Confinement.User? {
    var record = passwd()
    var result: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 << 10)
    guard getpwnam_r(name, &record, &buffer, buffer.count, &result) == 0, result != nil else { return nil }
    var groups = [gid_t](repeating: 0, count: 256)
    var count = Int32(groups.count)
    guard getgrouplist(name, record.pw_gid, &groups, &count) >= 0 else { return nil }
    return Confinement.User(
      user: record.pw_uid, group: record.pw_gid, groups: Array(groups.prefix(Int(count))))
  }

  /// The folder of snapshots is the agent's own. Another user gets no list of it, but its library.
  private static func open(_ snapshot: String) throws(FileProblem) {
    guard chmod(Folder.parent(of: snapshot), 0o711) == 0, chmod(snapshot, 0o555) == 0 else {
      throw FileProblem("cannot let another user read \(snapshot)", code: errno)
    }
  }
}
