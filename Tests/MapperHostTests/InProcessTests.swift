// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import TestSupport
import Testing

@testable import MapperHost

/// What is different when libraries run in the agent itself.
@Suite(.timeLimit(.minutes(10))) struct InProcessTests {
  @Test func `a library that crashes in loading does so in the process that tries it`() async throws {
    let bench = try await HostBench(runner: try FaultyMapper.runner(), isolation: .inProcess)
    let built = try FaultyMapper.build("CRASH_IN_CONSTRUCTOR")
    #expect(rename(built, bench.dropped + "/faulty.so") == 0)
    #expect(await eventually { bench.mapper("faulty.so")?.state == .refused })
    #expect(bench.mapper("faulty.so")?.message == "signal 11 (SIGSEGV) in load of the library")
    await bench.finish()
  }

  @Test func `a library is named to run in process while others do not`() async throws {
    let bench = try await HostBench(runner: try FaultyMapper.runner()) { $0.inProcess = ["trusted"] }
    for name in ["trusted", "other"] {
      let built = try FaultyMapper.build("NOTHING")
      #expect(rename(built, bench.dropped + "/\(name).so") == 0)
    }
    #expect(
      await eventually {
        bench.host.mappers().filter { $0.state == .running }.count == 2
      })
    #expect(bench.mapper("trusted.so")?.isolation == .inProcess)
    #expect(bench.mapper("trusted.so")?.processID == 0)
    #expect(bench.mapper("other.so")?.isolation == .process)
    await bench.finish()
    // What was loaded is gone from the folder of snapshots.
    #expect(try Folder.names(in: bench.root.path + "/snapshots").filter { $0.contains("-") }.isEmpty)
  }

  @Test func `a call that hangs costs its line, and says so until it comes back`() async throws {
    let numbering = try await Numbering(.inProcess)
    try numbering.drop(1)
    let hung = try numbering.declare("hung", counter: "first", ["line": "a", "hang": true])
    let neighbour = try numbering.declare("neighbour", counter: "first", ["line": "a"])
    let other = try numbering.declare("other", counter: "second", ["line": "b"])
    let prefix = "hung: read of default/hung since "
    #expect(
      await eventually {
        hung.reason.hasPrefix(prefix) && neighbour.reason.hasPrefix(prefix)
      })
    #expect(hung.link == .offline && neighbour.link == .offline)
    #expect(await other.passes((other.numbers.last ?? 0) + 10))
    #expect(other.link == .online)
    #expect(numbering.bench.mapper("numbering.so")?.message.hasPrefix(prefix) == true)
    #expect(numbering.bench.lines.all.count { $0.hasPrefix("error hung: read of default/hung") } == 1)

    try write([], to: numbering.release)
    #expect(await eventually { neighbour.link == .online && hung.link == .online })
    #expect(await neighbour.passes((neighbour.numbers.last ?? 0) + 1))
    #expect(await eventually { numbering.bench.mapper("numbering.so")?.message == "" })
    await numbering.bench.finish()
    #expect([hung, neighbour, other].allSatisfy { $0.now.overlaps == 0 })
  }

  @Test func `a host whose driver hangs in process stops all the same`() async throws {
    let numbering = try await Numbering(.inProcess)
    try numbering.drop(1)
    let hung = try numbering.declare("hung", counter: "first", ["hang": true])
    let other = try numbering.declare("other", counter: "second")
    #expect(await other.passes(5))
    await numbering.bench.finish()
    #expect(hung.link == .unavailable && other.link == .unavailable)
    let count = hung.now.samples.count
    // What comes back after the end reaches no feed.
    try write([], to: numbering.release)
    #expect(
      try await eventually {
        let bytes = try OpenFile(path: numbering.bench.root.file("first")).bytes(at: 0, count: 1)
        return bytes != [0]
      })
    #expect(hung.now.samples.count == count && hung.reason == "the agent is stopping")
  }
}
