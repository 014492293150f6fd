// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import MapperHost

/// What becomes of libraries is in the log of events.
@Suite(.timeLimit(.minutes(10))) struct MapperEventTests {
  private final class Recorder: EventRecorder {
    private let events = Mutex<[EventRecord]>([])
    func record(_ event: EventRecord) { events.withLock { $0.append(event) } }
    func all(_ mapper: String) -> [EventRecord] {
      events.withLock { $0.filter { $0.details["mapper"]?.string == mapper } }
    }
    func actions(_ mapper: String) -> [String] { all(mapper).map(\.action) }
  }

  @Test func `tells that a library is loaded, replaced, not replaced and removed`() async throws {
    let events = Recorder()
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")]) { $0.events = events }
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    #expect(events.actions("fake") == ["loaded"])
    try bench.drop("fake.so", "driver fake\n# better\n")
    #expect(await eventually { events.actions("fake") == ["loaded", "replaced"] })
    try bench.drop("fake.so", "driver other\n")
    #expect(await eventually { events.actions("fake").last == "refused" })
    let refused = try #require(events.all("fake").last)
    #expect(refused.kind == .mapper && refused.level == .error)
    #expect(refused.problem == "it has no driver fake, which default/pump-1 uses")
    #expect(unlink(bench.dropped + "/fake.so") == 0)
    #expect(await eventually { events.actions("fake").last == "removed" })
    await bench.finish()
  }

  @Test func `tells each crash with its reason, and that the mapper runs again`() async throws {
    let events = Recorder()
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nbind crash\n")]) {
      $0.events = events
    }
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { events.actions("fake").count >= 4 })
    #expect(events.actions("fake").prefix(4) == ["loaded", "crashed", "restarted", "crashed"])
    let crash = events.all("fake")[1]
    #expect(crash.problem == "signal 11 (SIGSEGV) in read of default/pump-1" && crash.level == .error)
    #expect(feed.now.overlaps == 0)
    await bench.finish()
  }

  @Test func `tells of a library that cannot be used`() async throws {
    let events = Recorder()
    let bench = try await HostBench(firstLook: [("bad.so", "driver fake\nload refuse\n")]) {
      $0.events = events
    }
    #expect(await eventually { events.actions("bad") == ["refused"] })
    #expect(events.all("bad").first?.problem.isEmpty == false)
    await bench.finish()
  }
}
