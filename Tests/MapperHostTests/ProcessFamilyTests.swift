// SPDX-License-Identifier: Apache-2.0
import CSpawn
import Glibc
import TestSupport
import Testing

@testable import MapperHost

@Suite(.timeLimit(.minutes(10))) struct ProcessFamilyTests {
  /// A shell with no new privileges, as the processes of mappers are.
  private func start(_ script: String) throws -> pid_t {
    let plan = try #require(child_plan_create("/usr/bin/setpriv"))
    defer { child_plan_destroy(plan) }
    for argument in ["--no-new-privs", "/bin/sh", "-c", script] { child_plan_argument(plan, argument) }
    child_plan_new_group(plan)
    child_plan_death_signal(plan, SIGKILL)
    var id: pid_t = 0
    try #require(child_spawn(plan, &id) == 0)
    return id
  }

  private func isAlive(_ entry: ProcessEntry) -> Bool {
    guard let now = ProcessEntry(entry.id) else { return false }
    return now.startTime == entry.startTime && !now.isEnded
  }

  @Test func `what /proc says of a process is read, whatever its name`() throws {
    let text = "7 (a) b (c) S 3 5 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 12 0 4711 1000 25 1844674 rest\n"
    let entry = Array(text.utf8).withUnsafeBytes { ProcessEntry(7, stat: $0) }
    let read = try #require(entry)
    #expect(read.id == 7 && read.state == UInt8(ascii: "S") && read.parent == 3 && read.group == 5)
    #expect(read.threads == 12 && read.startTime == 4711)
    #expect(read.residentBytes == 25 * sysconf(Int32(_SC_PAGESIZE)))
    for broken in [
      "", "7 (sh", "7 (sh) S 3", "7 (sh) S x 5 5 0 -1 4 1 2 3 4 5 6 7 8 20 0 12 0 4711 1000 25 1",
    ] {
      #expect(Array(broken.utf8).withUnsafeBytes { ProcessEntry(7, stat: $0) } == nil, "\(broken)")
    }
    let own = try #require(ProcessEntry(getpid()))
    #expect(own.parent == getppid() && own.residentBytes > 1 << 20 && own.threads > 1)
    #expect(own.privateBytes > 0 && own.privateBytes <= own.residentBytes)
  }

  @Test func `those that have changed their session belong to it, and end with it`() async throws {
    let root = try start("setsid sleep 300 & sleep 300 & setsid sh -c 'sleep 300; true' & wait")
    var family = ProcessFamily(root: root)
    var members: [ProcessEntry] = []
    #expect(
      await eventually {
        members = family.look()
        return members.count == 4
      }, "\(members)")
    #expect(!members.contains { $0.id == root })
    #expect(Set(members.map(\.group)).count >= 3)
    family.end()
    #expect(await eventually { !members.contains { isAlive($0) } })
    // The root is its owner's.
    var status: Int32 = 0
    #expect(child_is_own(root) && !child_is_own(members.first?.id ?? 0))
    #expect(child_wait(root, 30_000, &status) == 0)
    #expect(!child_is_own(root))
  }

  @Test func `a runner that has more processes than it may is named with the figures`() async throws {
    let root = try start("sleep 300 & sleep 300 & sleep 300 & wait")
    var limits = RunnerLimits()
    limits.processes = 2
    limits.mayFork = true
    var family = ProcessFamily(root: root)
    var members: [ProcessEntry] = []
    #expect(
      await eventually {
        members = family.look()
        return members.count == 3
      })
    var watch = RunnerWatch(process: root, limits: limits, now: 0)
    #expect(watch.look(now: 1) == nil)
    #expect(
      watch.look(now: RunnerWatch.interval) == "had 3 processes running, limit 2; it was killed with them")
    #expect(!members.contains { isAlive($0) })
    #expect(watch.nextLook == 2 * RunnerWatch.interval)
    child_stop(root, 0, true, nil)
  }

  @Test func `memory is that of the runner and of what it has started`() async throws {
    let root = try start("sleep 300 & wait")
    var limits = RunnerLimits()
    limits.memoryBytes = 1
    var watch = RunnerWatch(process: root, limits: limits, now: 0)
    var reason = ""
    // While it is being made a process has no memory yet.
    #expect(
      await eventually {
        reason = watch.look(now: watch.nextLook) ?? ""
        return !reason.isEmpty
      })
    #expect(
      reason.hasPrefix("used ") && reason.hasSuffix(" MB of memory, limit 0 MB; it was killed"), "\(reason)")
    limits.memoryBytes = 1 << 30
    watch = RunnerWatch(process: root, limits: limits, now: 0)
    #expect(watch.look(now: RunnerWatch.interval) == nil)
    child_stop(root, 0, true, nil)
    // One that is gone is nobody's fault.
    watch = RunnerWatch(process: root, limits: limits, now: 0)
    #expect(watch.look(now: RunnerWatch.interval) == nil)
  }
}
