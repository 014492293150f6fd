// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
@testable import DeviceTwin
import JSON
import Testing

@Suite struct WatchTests {
  private func describe(_ change: TwinChange?) -> String {
    switch change {
    case .changed(let device):
      device.name.name + ":"
        + device.properties.map { "\($0.name)=\($0.reported?.value?.text ?? "-")" }.joined(separator: ",")
    case .removed(let name): "removed " + name.name
    case nil: "end"
    }
  }

  private func name(_ text: String) -> DeviceName { makeName(text) }

  private func feed(_ bench: TwinBench, _ device: String) throws -> any DeviceFeed {
    bench.twin.deviceChanged(.mapped([.point("x", .int), .point("y", .int)], name: name(device)))
    return try #require(bench.twin.feed(of: name(device)))
  }

  private func set(_ feed: any DeviceFeed, _ property: Int, _ value: Int64) {
    feed.receive([Sample(property: property, quality: .good, value: .int(value))], arrival: 1)
  }

  @Test func `the first answers hold every device, later ones what changed`() async throws {
    let bench = try await TwinBench()
    let a = try feed(bench, "a")
    let b = try feed(bench, "b")
    set(a, 0, 1)
    let watch = bench.twin.watch(WatchFilter())
    #expect(describe(await watch.next()) == "a:x=1,y=-")
    #expect(describe(await watch.next()) == "b:x=-,y=-")
    // A slow reader gets the latest once.
    for value in 2...50 { set(a, 0, Int64(value)) }
    set(b, 1, 7)
    set(a, 1, 3)
    #expect(describe(await watch.next()) == "a:x=50,y=3")
    #expect(describe(await watch.next()) == "b:y=7")
    bench.twin.deviceRemoved(name("a"))
    #expect(describe(await watch.next()) == "removed a")
    let back = try feed(bench, "a")
    #expect(describe(await watch.next()) == "a:x=-,y=-")
    set(back, 0, 1)
    #expect(describe(await watch.next()) == "a:x=1")
    #expect(bench.twin.statistics.watchers == 1)
    watch.cancel()
    #expect(describe(await watch.next()) == "end")
    #expect(bench.twin.statistics.watchers == 0)
    await bench.twin.stop()
  }

  @Test func `a removal is told, though a change of the device comes late`() async throws {
    let bench = try await TwinBench()
    _ = try feed(bench, "a")
    let watch = bench.twin.watch(WatchFilter())
    _ = await watch.next()
    let device = try #require(bench.twin.find(name("a")))
    bench.twin.deviceRemoved(name("a"))
    // A feed's or the writer's thread, which was at it before.
    bench.twin.context.watches.deviceChanged(device)
    _ = try feed(bench, "b")
    #expect(describe(await watch.next()) == "removed a")
    #expect(describe(await watch.next()) == "b:x=-,y=-")
    await bench.twin.stop()
  }

  @Test func `a device that came back is not hidden by its predecessor`() async throws {
    let bench = try await TwinBench()
    _ = try feed(bench, "a")
    let old = try #require(bench.twin.find(name("a")))
    bench.twin.deviceRemoved(name("a"))
    let watch = bench.twin.watch(WatchFilter())
    _ = try feed(bench, "a")
    bench.twin.context.watches.deviceChanged(old)
    _ = try feed(bench, "b")
    #expect(describe(await watch.next()) == "a:x=-,y=-")
    await bench.twin.stop()
  }

  @Test func `a filter hides what it does not name`() async throws {
    let bench = try await TwinBench()
    let a = try feed(bench, "a")
    let b = try feed(bench, "b")
    let watch = bench.twin.watch(WatchFilter(device: name("a"), properties: ["y"]))
    #expect(describe(await watch.next()) == "a:y=-")
    set(b, 1, 1)
    set(a, 0, 1)
    set(a, 1, 2)
    #expect(describe(await watch.next()) == "a:y=2")
    set(a, 0, 3)
    a.linkChanged(to: .online, reason: "", at: 5)
    #expect(describe(await watch.next()) == "a:")
    await bench.twin.stop()
    #expect(describe(await watch.next()) == "end")
  }

  @Test func `a reader that waits is woken, cancelled or let go`() async throws {
    let bench = try await TwinBench()
    let a = try feed(bench, "a")
    let watch = bench.twin.watch(WatchFilter())
    _ = await watch.next()
    let waiting = Task { await watch.next() }
    set(a, 0, 9)
    #expect(describe(await waiting.value) == "a:x=9")
    let cancelled = Task { await watch.next() }
    cancelled.cancel()
    #expect(describe(await cancelled.value) == "end")
    do { _ = bench.twin.watch(WatchFilter()) }
    #expect(bench.twin.statistics.watchers == 0)
    await bench.twin.stop()
  }
}
