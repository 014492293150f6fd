// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@testable import TwinAPI

@Suite struct ScanFeedTests {
  static func device(_ number: Int) -> FoundDevice { FoundDevice(driver: "d", confidence: number) }

  @Test func `keeps finds in order, of progress the latest, and the end for last`() async {
    let feed = ScanFeed()
    feed.take(.progress(done: 1, total: 9, text: "a"))
    feed.take(.found(Self.device(1)))
    feed.take(.ended(.ok, text: "done"))
    feed.take(.progress(done: 9, total: 9, text: "b"))
    feed.take(.found(Self.device(2)))
    #expect(await feed.next() == .found(Self.device(1)))
    #expect(await feed.next() == .found(Self.device(2)))
    #expect(await feed.next() == .progress(done: 9, total: 9, text: "b"))
    let end = ScanFeed.Step.ended(.ok, text: "done", found: 2, dropped: 0)
    #expect(await feed.next() == end)
    #expect(await feed.next() == end)
  }

  @Test func `drops and counts what a slow reader does not take`() async {
    let feed = ScanFeed(capacity: 2)
    for number in 0..<5 { feed.take(.found(Self.device(number))) }
    feed.take(.ended(.ok, text: ""))
    #expect(await feed.next() == .found(Self.device(0)))
    #expect(await feed.next() == .found(Self.device(1)))
    #expect(await feed.next() == .ended(.ok, text: "", found: 5, dropped: 3))
  }

  @Test func `wakes its reader with an event or a beat`() async {
    let feed = ScanFeed()
    async let first = feed.next()
    feed.beat()
    #expect(await first == .beat)
    async let second = feed.next()
    feed.take(.found(Self.device(7)))
    #expect(await second == .found(Self.device(7)))
  }
}
