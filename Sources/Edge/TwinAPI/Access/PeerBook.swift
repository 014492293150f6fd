// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import NIOCore
internal import Synchronization

/// Who is at the other end of the unix socket's connections, as the kernel says.
final class PeerBook: Sendable {
  private struct Peer {
    var credentials: PeerCredentials
  }

  private struct Known {
    let user: SystemUser
    let end: Int64
  }

  private struct State {
    /// By channel; as many as there are connections.
    var peers: [ObjectIdentifier: Peer] = [:]
    /// By user id and group id. Bounded: all go when there are too many.
    var users: [UInt64: Known] = [:]
  }

  private static let userLimit = 64
  /// How long a change of a user's groups may go unnoticed.
  private static let userAge: Int64 = 60_000_000_000

  private let policy: SocketPolicy
  private let work: BlockingWork
  private let state = Mutex(State())

  init(policy: SocketPolicy, work: BlockingWork) {
    self.policy = policy
    self.work = work
  }

  func opened(_ channel: ObjectIdentifier, _ credentials: PeerCredentials) {
    state.withLock { $0.peers[channel] = Peer(credentials: credentials) }
  }

  func closed(_ channel: ObjectIdentifier) { state.withLock { _ = $0.peers.removeValue(forKey: channel) } }

  /// Somebody whom the kernel does not name may do nothing.
  func caller(on channel: ObjectIdentifier) async -> Caller {
    guard let peer = state.withLock({ $0.peers[channel] }) else {
      return Caller(name: "unknown", source: "unix socket", scope: .none)
    }
    let id = peer.credentials.userID
    let source = Self.source(peer.credentials.processID)
    if let user = await self.user(peer.credentials) { return policy.caller(user, source: source) }
    // Who cannot be looked up now may do nothing; but for the two for whom no rule is asked.
    guard id == 0 || id == policy.ownUser else { return Caller(name: "\(id)", source: source, scope: .none) }
    return policy.caller(SystemUser(id: id, name: "\(id)", groups: []), source: source)
  }

  /// Root, or the agent's own user: they could take what a limit keeps from them anyway.
  func isOwner(on channel: ObjectIdentifier) -> Bool {
    guard let user = state.withLock({ $0.peers[channel]?.credentials.userID }) else { return false }
    return user == 0 || user == policy.ownUser
  }

  /// Nil when the system does not say, or too many questions wait; that is not kept.
  private func user(_ credentials: PeerCredentials) async -> SystemUser? {
    let key = UInt64(credentials.userID) << 32 | UInt64(credentials.groupID)
    let now = WallClock.monotonic
    if let known = state.withLock({ $0.users[key] }), known.end > now { return known.user }
    let id = credentials.userID
    let group = credentials.groupID
    guard let found = await work.run({ SystemUser(id: id, group: group) }) ?? nil else { return nil }
    state.withLock { state in
      if state.users.count >= Self.userLimit { state.users = [:] }
      state.users[key] = Known(user: found, end: now + Self.userAge)
    }
    return found
  }

  /// `unix socket, pid 4711 (edgectl)`. The process may have ended, or sit where we do not see it.
  private static func source(_ pid: pid_t) -> String {
    guard pid > 0 else { return "unix socket" }
    let descriptor = open("/proc/\(pid)/comm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "unix socket, pid \(pid)" }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &buffer, buffer.count)
    let name = String(decoding: buffer.prefix(max(0, count)).prefix { $0 > 0x1F }, as: UTF8.self)
    return name.isEmpty ? "unix socket, pid \(pid)" : "unix socket, pid \(pid) (\(name))"
  }
}

extension SystemUser {
  private static let mostGroups = 256

  /// Asks the system, which may wait for the disk or the network.
  /// Nil when it cannot say.
  init?(id: UInt32, group: UInt32) {
    self.id = id
    name = "\(id)"
    groups = []
    var entry = passwd()
    var buffer = [CChar](repeating: 0, count: 1 << 14)
    var found: UnsafeMutablePointer<passwd>?
    var members: [gid_t] = [group]
    guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0 else { return nil }
    if found != nil, let text = entry.pw_name {
      name = String(cString: text)
      var list = [gid_t](repeating: 0, count: Self.mostGroups)
      var count = Int32(list.count)
      // With more groups than that, the first ones count.
      _ = getgrouplist(text, entry.pw_gid, &list, &count)
      members += list.prefix(max(0, min(Int(count), list.count)))
    }
    for member in Set(members) {
      if let name = Self.group(member) { groups.insert(name) }
    }
  }

  private static func group(_ id: gid_t) -> String? {
    var entry = Glibc.group()
    var buffer = [CChar](repeating: 0, count: 1 << 16)
    var found: UnsafeMutablePointer<Glibc.group>?
    guard getgrgid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil, let text = entry.gr_name
    else { return nil }
    return String(cString: text)
  }
}
