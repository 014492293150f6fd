// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import MapperEngine

/// Reports of a driver's own threads, while subscriptions end beneath them.
@Suite(.blocking) struct SubscriptionRaceTests {
  /// How many times devices are bound and released.
  private static let rounds: UInt32 = 150

  /// Binds and releases devices, three at a time, while the library's threads report for all that are and were.
  private func churn(_ bench: EngineBench, _ released: (UInt32) throws -> Void) throws {
    for session in 1...Self.rounds {
      try bench.bind(session)
      if session > 3 {
        bench.unbind(session - 3)
        try released(session - 3)
      }
    }
  }

  private func count(_ status: MapperStatus, _ bench: EngineBench) throws -> Int64 {
    let answer = try bench.call("reports", [.int(Int64(status.rawValue))], session: Self.rounds)
    guard case .int(let count) = answer.result else { return -1 }
    return count
  }

  @Test func `nothing comes after unbound, and every late report is told that it is over`() throws {
    try EngineBench.run(try FixtureMapper.library("restless")) { bench throws in
      try churn(bench) { session throws in
        // The host is slow in every other round.
        bench.sink.takeBatches(session % 2 == 0)
      }
      bench.sink.takeBatches(true)
      #expect(bench.sink.lateBatches == 0)
      #expect(try bench.call("faults", session: Self.rounds).result == .int(0))
      // All three answers were given.
      #expect(bench.waits { (try? count(.ok, bench)) ?? 0 > 0 })
      #expect(bench.waits { (try? count(.busy, bench)) ?? 0 > 0 })
      #expect(bench.waits { (try? count(.closed, bench)) ?? 0 > 0 })
      // And no other.
      for status in [MapperStatus.invalid, .internal, .notFilled] { #expect(try count(status, bench) == 0) }
    }
  }

  @Test func `a driver that waits in stop, as it should, is never waited for in turn`() throws {
    try EngineBench.run(try FixtureMapper.library("threads")) { bench throws in
      let settings = [
        Setting(key: "reports", value: .int(1_000_000)), Setting(key: "threads", value: .int(8)),
      ]
      for session in 1...20 as ClosedRange<UInt32> {
        bench.sink.takeBatches(session % 2 == 0)
        try bench.bind(session, settings: settings, points: 2)
        if session % 2 == 0 {
          #expect(bench.waits { bench.sink.batches.contains { $0.session == session } })
        }
        bench.unbind(session)
        #expect(bench.sink.lateBatches == 0)
        bench.sink.forgetBatches()
      }
    }
  }

  /// Through a socket with a host that reads slowly: what arrives is whole, and in order with the events.
  @Test func `frames stay whole when many threads report to a slow host`() throws {
    let pair = UnsafeMutablePointer<Int32>.allocate(capacity: 2)
    defer { pair.deallocate() }
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, pair) == 0)
    let (ours, theirs) = (pair[0], pair[1])
    let engine = Engine(sink: FrameOutput(descriptor: theirs), board: nil)
    let reader = SlowReader(descriptor: ours)
    try reader.start()
    try #require(engine.load(try FixtureMapper.library("restless")))
    for session in 1...UInt32(40) {
      engine.handle(
        .bind(
          .init(
            session: session, driver: "restless", device: "default/d\(session)", settings: [],
            points: [.init(name: "p", type: .int, isWritable: false, cycleMilliseconds: 0, settings: [])])))
      #expect(reader.waits { $0.bound.contains(session) })
      engine.handle(.unbind(session: session))
      #expect(reader.waits { $0.unbound.contains(session) })
    }
    let isStopped = engine.stop(within: .seconds(60))
    #expect(isStopped)
    shutdown(theirs, Int32(SHUT_RDWR))
    #expect(reader.waits { $0.isAtEnd })
    reader.join()
    close(ours)
    close(theirs)
    let seen = reader.seen
    #expect(seen.fault == nil)
    #expect(seen.samples > 0 && seen.late == 0)
  }
}
