// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MapperHost

@Suite struct SupervisionTests {
  private let ms: Int64 = 1_000_000
  private let crash = RunnerEnd(kind: .failed, reason: "signal 11 (SIGSEGV)")

  private func loaded() -> Supervision {
    var supervision = Supervision(limits: .init())
    _ = supervision.start()
    supervision.loaded(now: 0)
    return supervision
  }

  @Test func `the back-off doubles from 100 ms to 30 s`() {
    var supervision = loaded()
    var now: Int64 = 0
    var waits: [Int64] = []
    for _ in 0..<11 {
      guard case .wait(let time) = supervision.ended(crash, now: now) else {
        Issue.record("no wait")
        return
      }
      waits.append((time - now) / ms)
      #expect(supervision.timeCame(now: time - 1) == .wait(until: time))
      #expect(supervision.timeCame(now: time) == .start)
      now = time
      supervision.loaded(now: now)
    }
    #expect(waits == [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
    #expect(supervision.restarts == 11)
    #expect(supervision.lastFault == "signal 11 (SIGSEGV)")
  }

  @Test func `a healthy minute begins the back-off anew`() {
    var supervision = loaded()
    _ = supervision.ended(crash, now: 0)
    _ = supervision.timeCame(now: 100 * ms)
    supervision.loaded(now: 100 * ms)
    #expect(supervision.ended(crash, now: 60_099 * ms) == .wait(until: 60_299 * ms))
    _ = supervision.timeCame(now: 60_299 * ms)
    supervision.loaded(now: 60_299 * ms)
    #expect(supervision.ended(crash, now: 120_299 * ms) == .wait(until: 120_399 * ms))
  }

  @Test func `a library that is refused is not tried again`() {
    var supervision = Supervision(limits: .init())
    #expect(supervision.start() == .start)
    #expect(supervision.ended(RunnerEnd(kind: .refused, reason: "why"), now: 0) == .none)
    #expect(supervision.state == .refused)
    #expect(supervision.timeCame(now: .max) == .none)
  }

  @Test func `a library that crashes in loading is tried three times`() {
    var supervision = Supervision(limits: .init())
    #expect(supervision.start() == .start)
    let crash = RunnerEnd(kind: .failedToLoad, reason: "why")
    #expect(supervision.ended(crash, now: 0) == .wait(until: 100 * ms))
    #expect(supervision.timeCame(now: 100 * ms) == .start)
    #expect(supervision.ended(crash, now: 200 * ms) == .wait(until: 400 * ms))
    #expect(supervision.timeCame(now: 400 * ms) == .start)
    #expect(supervision.ended(crash, now: 500 * ms) == .none)
    #expect(supervision.state == .refused)
  }

  @Test func `a library that has loaded before is tried again when it fails to load`() {
    var supervision = loaded()
    _ = supervision.ended(crash, now: 0)
    _ = supervision.timeCame(now: 100 * ms)
    #expect(
      supervision.ended(RunnerEnd(kind: .failedToLoad, reason: "x"), now: 200 * ms) == .wait(until: 400 * ms))
  }

  @Test func `a process that cannot be started is no fault of the library`() {
    var supervision = Supervision(limits: .init())
    _ = supervision.start()
    #expect(
      supervision.ended(RunnerEnd(kind: .notStarted, reason: "no memory"), now: 0) == .wait(until: 100 * ms))
  }

  @Test func `what was stopped stays stopped`() {
    var supervision = loaded()
    supervision.stop()
    #expect(supervision.ended(crash, now: 0) == .none)
    #expect(supervision.start() == .none)
  }
}
