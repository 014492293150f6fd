// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Synchronization
import TestSupport
import Testing

@testable import DeviceTwin

/// How many still write.
private final class Writers: Sendable {
  let left: Atomic<Int>
  init(_ count: Int) { left = Atomic(count) }
}

@Suite struct FollowerTests {
  private func feed(_ bench: TwinBench, _ name: DeviceName) throws -> any DeviceFeed {
    bench.twin.deviceChanged(.mapped([.point("x", .int), .point("y", .int)], name: name))
    return try #require(bench.twin.feed(of: name))
  }

  private func set(_ feed: any DeviceFeed, _ property: Int, _ value: Int64) {
    feed.receive([Sample(property: property, quality: .good, value: .int(value))], arrival: 1)
  }

  @Test func `notes each device once, with how often it changed, and wakes once until they are taken`()
    async throws
  {
    let bench = try await TwinBench()
    let a = makeName("a")
    let first = try feed(bench, a)
    let wakes = Atomic<Int>(0)
    let follower = bench.twin.follow { wakes.add(1, ordering: .relaxed) }
    #expect(follower.take().notes.isEmpty)
    for value in 1...5 { set(first, 0, Int64(value)) }
    #expect(wakes.load(ordering: .relaxed) == 1)
    let taken = follower.take()
    #expect(taken.notes.map(\.device) == [a])
    #expect(taken.notes.first?.changes == 5)
    // The same value again is no change.
    set(first, 0, 5)
    #expect(follower.take().notes.isEmpty)
    set(first, 1, 1)
    #expect(wakes.load(ordering: .relaxed) == 2)
    let device = try #require(bench.twin.device(a, after: taken.position, only: nil))
    #expect(device.properties.map(\.name) == ["y"])
    #expect(!device.isComplete)
    follower.cancel()
    set(first, 1, 2)
    #expect(follower.take().notes.isEmpty)
    await bench.twin.stop()
  }

  @Test func `a removal is remembered, and what came back is whole`() async throws {
    let bench = try await TwinBench()
    let a = makeName("a")
    set(try feed(bench, a), 0, 1)
    let follower = bench.twin.follow {}
    let start = follower.take().position
    bench.twin.deviceRemoved(a)
    _ = try feed(bench, a)
    let taken = follower.take()
    #expect(taken.notes.map(\.isRemoved) == [true, false])
    #expect(bench.twin.removals(after: start) == [a])
    #expect(bench.twin.removals(after: taken.position) == [])
    #expect(bench.twin.removals(after: taken.position + 1) == nil)
    #expect(bench.twin.device(a, after: start, only: nil)?.isComplete == true)
    await bench.twin.stop()
  }

  @Test func `removals that are too many to remember make older positions unknown`() async throws {
    let bench = try await TwinBench()
    let start = bench.twin.follow {}.take().position
    for number in 0...WatchHub.removalLimit {
      bench.twin.deviceChanged(.plain(makeName("d-\(number)")))
      bench.twin.deviceRemoved(makeName("d-\(number)"))
    }
    #expect(bench.twin.removals(after: start) == nil)
    #expect(bench.twin.removals(after: start + 10)?.count ?? 0 <= WatchHub.removalLimit)
    await bench.twin.stop()
  }

  /// Writers on several threads, and a reader that takes while they write: what it knows by the notes is what is there
  /// at the end.
  @Test func `a reader that follows the notes misses nothing`() async throws {
    let bench = try await TwinBench()
    let names = (0..<4).map { makeName("d-\($0)") }
    let feeds = try names.map { try feed(bench, $0) }
    let follower = bench.twin.follow {}
    var known: [DeviceName: [String: Value]] = [:]
    var position: UInt64 = 0
    func read() {
      let before = position
      let taken = follower.take()
      position = taken.position
      for note in taken.notes {
        let device = bench.twin.device(note.device, after: before, only: nil)
        for property in device?.properties ?? [] {
          known[note.device, default: [:]][property.name] = property.reported?.value
        }
      }
    }
    let writers = Writers(feeds.count)
    for (index, feed) in feeds.enumerated() {
      Task.detached {
        for value in 1...2000 {
          feed.receive(
            [Sample(property: value % 2, quality: .good, value: .int(Int64(value * 10 + index)))], arrival: 1)
        }
        writers.left.subtract(1, ordering: .releasing)
      }
    }
    while writers.left.load(ordering: .acquiring) > 0 {
      read()
      await Task.yield()
    }
    read()
    for (index, name) in names.enumerated() {
      #expect(known[name]?["x"] == .int(Int64(20000 + index)))
      #expect(known[name]?["y"] == .int(Int64(19990 + index)))
    }
    await bench.twin.stop()
  }
}
