// SPDX-License-Identifier: Apache-2.0
internal import CSpawn
internal import CShims
internal import DeviceAPI
internal import Glibc

/// The processes that a runner has started, and those that these have, wherever they went.
///
/// A process stays in the family when it changes its group or session. One whose parent has ended comes to the
/// agent (`child_adopt_orphans`), and is ended there: nothing that a mapper starts outlives what started it.
struct ProcessFamily {
  /// How long its end is waited for, nanoseconds.
  private static let endLimit: Int64 = 2_000_000_000

  private let root: pid_t
  /// Members by number, with their start times, as they were seen last.
  private var known: [pid_t: UInt64] = [:]

  init(root: pid_t) { self.root = root }

  /// All members that live, without the root. Orphans of any mapper are ended on this occasion.
  mutating func look() -> [ProcessEntry] {
    let all = ProcessEntry.all()
    let members = members(of: all)
    let orphans = Self.orphans(of: all)
    if !orphans.isEmpty { Self.kill(Self.tree(orphans.map(\.id), all), all) }
    return members
  }

  /// Ends all members, and orphans with theirs. The root is left to whoever owns it.
  mutating func end() {
    let deadline = WallClock.monotonic + Self.endLimit
    while true {
      let all = ProcessEntry.all()
      let members = members(of: all)
      let orphans = Self.orphans(of: all)
      let ending = Self.tree(orphans.map(\.id), all, also: members)
      guard !ending.isEmpty, WallClock.monotonic < deadline else { return }
      Self.kill(ending, all)
      sv_sleep_ms(2)
    }
  }

  private mutating func members(of all: [ProcessEntry]) -> [ProcessEntry] {
    let seen = all.filter { known[$0.id] == $0.startTime }
    let members = Self.tree([root], all, also: seen).filter { $0.id != root }
    known = [:]
    for member in members { known[member.id] = member.startTime }
    return members
  }

  /// The processes of these numbers, `also`, and all that come from them; without those that have ended.
  private static func tree(_ roots: [pid_t], _ all: [ProcessEntry], also: [ProcessEntry] = [])
    -> [ProcessEntry]
  {
    var children: [pid_t: [ProcessEntry]] = [:]
    for entry in all { children[entry.parent, default: []].append(entry) }
    var found: Set<pid_t> = []
    var open = Set(roots).union(also.map(\.id))
    while let id = open.popFirst() {
      guard found.insert(id).inserted else { continue }
      for child in children[id] ?? [] { open.insert(child.id) }
    }
    return all.filter { found.contains($0.id) && !$0.isEnded }
  }

  /// Children of this process that it did not start; those that have ended are reaped.
  private static func orphans(of all: [ProcessEntry]) -> [ProcessEntry] {
    let own = getpid()
    return all.filter { entry in
      guard entry.parent == own, !child_is_own(entry.id), entry.hasNoNewPrivileges else { return false }
      guard entry.isEnded else { return true }
      waitpid(entry.id, nil, WNOHANG)
      return false
    }
  }

  /// By whole groups where a group has no other members: the kernel lets nobody slip out by a fork then.
  private static func kill(_ members: [ProcessEntry], _ all: [ProcessEntry]) {
    let ids = Set(members.map(\.id))
    let foreign = Set(all.lazy.filter { !ids.contains($0.id) && !$0.isEnded }.map(\.group))
    for group in Set(members.map(\.group)).subtracting(foreign) where group > 1 && group != getpgrp() {
      Glibc.kill(-group, SIGKILL)
    }
    for member in members where isStill(member) { Glibc.kill(member.id, SIGKILL) }
  }

  /// Whether the number has not gone to another process.
  private static func isStill(_ entry: ProcessEntry) -> Bool {
    ProcessEntry(entry.id)?.startTime == entry.startTime
  }
}
