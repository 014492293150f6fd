// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import TestSupport
import Testing

@testable import MapperEngine

@Suite(.blocking) struct LinkMachineTests {
  private let second: Int64 = 1_000_000_000

  private func machine() -> LinkMachine { LinkMachine(backoff: Backoff(milliseconds: 1000...30000)) }

  @Test func `is connecting until it is opened, and due at once`() {
    let link = machine()
    #expect(link.phase == .closed(retryAt: 0))
    #expect(link.report.state == .connecting)
    #expect(!link.isOpen)
  }

  @Test func `is online at the first good reading`() {
    var link = machine()
    link.openSucceeded(isPolled: true, now: 0)
    #expect(link.phase == .opened)
    #expect(link.report.state == .connecting)
    link.readSucceeded(failing: 0, total: 4, status: .ok, reason: "")
    #expect(link.phase == .up)
    #expect(link.report == .init(state: .online, status: .ok, reason: ""))
  }

  @Test func `is online once it is open when nothing is polled`() {
    var link = machine()
    link.openSucceeded(isPolled: false, now: 0)
    #expect(link.report.state == .online)
  }

  @Test func `a first lost answer degrades, a second one is offline`() {
    var link = machine()
    link.openSucceeded(isPolled: true, now: 0)
    link.readSucceeded(failing: 0, total: 1, status: .ok, reason: "")
    let closesAfterFirst = link.readFailed(.timeout, "no answer", now: 0, jitter: 0.5)
    #expect(!closesAfterFirst)
    #expect(link.report.state == .degraded)
    #expect(link.phase == .silent(retryAt: second))
    let closesAfterSecond = link.readFailed(.timeout, "no answer", now: second, jitter: 0.5)
    #expect(!closesAfterSecond)
    #expect(link.report == .init(state: .offline, status: .timeout, reason: "no answer"))
    #expect(link.phase == .silent(retryAt: 3 * second))
  }

  @Test func `a lost connection is closed and opened again`() {
    var link = machine()
    link.openSucceeded(isPolled: true, now: 0)
    link.readSucceeded(failing: 0, total: 1, status: .ok, reason: "")
    let closes = link.readFailed(.unavailable, "reset by peer", now: 0, jitter: 0.5)
    #expect(closes)
    #expect(link.phase == .closed(retryAt: second))
    #expect(link.report.state == .offline)
  }

  @Test func `waits longer after each failure, up to the longest, and starts over after a success`() {
    var link = machine()
    var waits: [Int64] = []
    for _ in 0..<8 {
      link.openFailed(.unavailable, "refused", now: 0, jitter: 0.5)
      guard case .closed(let retryAt) = link.phase else { continue }
      waits.append(retryAt / second)
    }
    #expect(waits == [1, 2, 4, 8, 16, 30, 30, 30])
    link.openSucceeded(isPolled: true, now: 0)
    link.readSucceeded(failing: 0, total: 1, status: .ok, reason: "")
    _ = link.readFailed(.timeout, "", now: 0, jitter: 0.5)
    #expect(link.phase == .silent(retryAt: second))
  }

  @Test func `names how many points fail and why`() {
    var link = machine()
    link.openSucceeded(isPolled: true, now: 0)
    link.readSucceeded(failing: 2, total: 10, status: .notFound, reason: "speed: exception 2")
    #expect(
      link.report
        == .init(state: .degraded, status: .notFound, reason: "2 of 10 points fail: speed: exception 2"))
  }

  @Test func `takes the driver's word for its link`() {
    var link = machine()
    link.openSucceeded(isPolled: false, now: 0)
    link.driverSaysDown(.unavailable, "broker gone", now: 0, jitter: 0.5)
    #expect(link.report.state == .offline)
    #expect(link.phase == .silent(retryAt: second))
    link.driverSaysDown(.unavailable, "broker gone", now: second / 2, jitter: 0.5)
    #expect(link.phase == .silent(retryAt: second), "said again, it does not put the probe off")
    link.driverSaysUp()
    #expect(link.report.state == .online)
    link.driverSaysDegraded(.protocol, "odd")
    #expect(link.report.state == .degraded)
  }

  @Test(arguments: [0.0, 0.25, 0.999])
  func `jitter stays within a tenth and never beyond the longest`(jitter: Double) {
    var backoff = Backoff(milliseconds: 1000...30000)
    let first = backoff.next(jitter: jitter)
    #expect(first >= 900_000_000 && first <= 1_100_000_000)
    for _ in 0..<100 { _ = backoff.next(jitter: jitter) }
    let late = backoff.next(jitter: jitter)
    #expect(late >= 27 * second && late <= 30 * second)
  }
}
