// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import MapperHost

/// Moving devices from one version of a library to the next.
@Suite(.timeLimit(.minutes(10))) struct ReplaceTests {
  @Test(arguments: MapperReport.Isolation.allCases, [false, true])
  func `no sample is lost or doubled when a library is replaced`(
    _ isolation: MapperReport.Isolation, _ pushes: Bool
  ) async throws {
    let numbering = try await Numbering(isolation)
    try numbering.drop(1)
    let feed = try numbering.declare("pump-1", ["push": .bool(pushes)])
    #expect(await feed.passes(10))
    for version in 2...4 {
      try numbering.drop(version)
      #expect(await numbering.becomes(version: version))
      #expect(await feed.passes((feed.numbers.last ?? 0) + 10))
    }
    await numbering.bench.finish()
    let numbers = feed.numbers
    #expect(numbers == Array(1...Int64(numbers.count)))
    #expect(feed.now.overlaps == 0)
    #expect(feed.now.attached == 4)
    // Once driven, it was never shown as one that nobody drives, until the end.
    let links = feed.now.links.drop { $0.state == .unavailable }.dropLast()
    #expect(links.allSatisfy { $0.state == .connecting || $0.state == .online }, "\(links)")
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `devices of one line leave it together before the new library opens it`(
    _ isolation: MapperReport.Isolation
  ) async throws {
    let numbering = try await Numbering(isolation)
    try numbering.drop(1)
    let feeds = try (0..<8).map { try numbering.declare("pump-\($0)", cycle: 20, ["line": "bus"]) }
    for feed in feeds { #expect(await feed.passes(8)) }
    for version in 2...3 {
      try numbering.drop(version)
      #expect(await numbering.becomes(version: version))
      let last = feeds.compactMap(\.numbers.last).max() ?? 0
      for feed in feeds { #expect(await feed.passes(last)) }
    }
    #expect(try numbering.clashes() == 0)
    await numbering.bench.finish()
    let numbers = feeds.flatMap(\.numbers).sorted()
    #expect(numbers == Array(1...Int64(numbers.count)))
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `a value that is written during the move is answered, and the next driver is attached`(
    _ isolation: MapperReport.Isolation
  ) async throws {
    let numbering = try await Numbering(isolation)
    try numbering.drop(1)
    let feed = try numbering.declare("pump-1")
    #expect(await feed.passes(5))
    let before = try #require(feed.now.driver)
    let answers = Mutex<[MapperStatus]>([])
    let asked = Atomic(0)
    try numbering.drop(2)
    // As fast as answers come, over the whole move.
    #expect(
      await eventually {
        if let driver = feed.now.driver {
          asked.add(1, ordering: .relaxed)
          driver.write([PropertyWrite(property: 1, value: .int(1000))]) { outcomes in
            answers.withLock { $0 += outcomes.map(\.status) }
          }
        }
        return feed.now.driver !== before && numbering.bench.mapper("numbering.so")?.version == "2"
      })
    #expect(
      await eventually {
        answers.withLock { $0.count } == asked.load(ordering: .relaxed)
      })
    #expect(answers.withLock { $0.allSatisfy { [.ok, .unavailable, .cancelled].contains($0.class) } })
    // What is written through the session before is refused at once.
    let late = Mutex<[WriteOutcome]>([])
    before.write([PropertyWrite(property: 1, value: .int(1))]) { outcomes in late.withLock { $0 = outcomes } }
    #expect(late.withLock { $0.first?.status } == .unavailable)
    await numbering.bench.finish()
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `a replacement without a driver that devices use leaves the old one in place`(
    _ isolation: MapperReport.Isolation
  ) async throws {
    let numbering = try await Numbering(isolation)
    try numbering.drop(1)
    let feed = try numbering.declare("pump-1")
    #expect(await feed.passes(5))
    let hash = numbering.bench.mapper("numbering.so")?.hash
    try numbering.drop(2, "NO_DRIVER")
    #expect(
      await eventually {
        numbering.bench.mapper("numbering.so")?.message.contains(
          "it has no driver numbering, which default/pump-1 uses; the one from before still runs") == true
      })
    #expect(numbering.bench.mapper("numbering.so")?.hash == hash)
    #expect(
      numbering.bench.lines.all.contains(
        "warning mapper library not replaced: it has no driver numbering, which default/pump-1 uses"))
    #expect(await feed.passes((feed.numbers.last ?? 0) + 5))
    await numbering.bench.finish()
    #expect(feed.now.attached == 1)
    #expect(feed.numbers == Array(1...Int64(feed.numbers.count)))
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `a replacement whose driver refuses the device says so, and the device shows why`(
    _ isolation: MapperReport.Isolation
  ) async throws {
    let numbering = try await Numbering(isolation)
    try numbering.drop(1)
    let feed = try numbering.declare("pump-1")
    #expect(await feed.passes(5))
    try numbering.drop(2, "REFUSES")
    #expect(await eventually { feed.reason == "no such pump in this version" })
    #expect(feed.link == .unavailable && feed.now.driver == nil)
    #expect(
      numbering.bench.lines.all.contains(
        "warning the mapper does not go on with the device: no such pump in this version"))
    try numbering.drop(3)
    #expect(await feed.passes((feed.numbers.last ?? 0) + 5))
    await numbering.bench.finish()
    #expect(feed.numbers == Array(1...Int64(feed.numbers.count)))
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `a removed library leaves its devices unavailable until it is back`(
    _ isolation: MapperReport.Isolation
  ) async throws {
    let numbering = try await Numbering(isolation)
    try numbering.drop(1)
    let feed = try numbering.declare("pump-1")
    #expect(await feed.passes(5))
    unlink(numbering.bench.dropped + "/numbering.so")
    #expect(await eventually { feed.link == .unavailable && feed.now.driver == nil })
    #expect(feed.reason == "no mapper for protocol numbering: numbering.so was removed")
    try numbering.drop(1)
    #expect(await feed.passes((feed.numbers.last ?? 0) + 5))
    await numbering.bench.finish()
    #expect(feed.numbers == Array(1...Int64(feed.numbers.count)))
  }

  @Test func `a device whose driver hangs moves on after its time`() async throws {
    let numbering = try await Numbering(.process)
    try numbering.drop(1)
    let good = try numbering.declare("good")
    let hung = try numbering.declare("hung", counter: "other", ["hang": true])
    #expect(await good.passes(5))
    try write([], to: numbering.release)
    #expect(await hung.passes(0))
    unlink(numbering.release)
    try numbering.drop(2)
    #expect(await numbering.becomes(version: 2))
    #expect(await good.passes((good.numbers.last ?? 0) + 5))
    // The old one holds it; it is let go when its time is over, and the new one finds the file.
    try write([], to: numbering.release)
    #expect(await hung.passes((hung.numbers.last ?? 0) + 1))
    await numbering.bench.finish()
    #expect(good.now.overlaps == 0 && hung.now.overlaps == 0)
  }
}
