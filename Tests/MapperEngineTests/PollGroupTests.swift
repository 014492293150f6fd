// SPDX-License-Identifier: Apache-2.0
import CMapper
import TestSupport
import Testing

@testable import MapperEngine

@Suite(.blocking) struct PollGroupTests {
  private let ms: Int64 = 1_000_000

  @Test func `reads soon at first and on its grid from then on`() {
    let group = PollGroup(cycleMilliseconds: 1000, points: [0])
    group.start(at: 5000 * ms, fraction: 0.25)
    #expect(group.due == 5025 * ms)
    #expect(group.advance(now: 5030 * ms) == 0)
    #expect(group.due == 5250 * ms)
    #expect(group.advance(now: 5260 * ms) == 0)
    #expect(group.due == 6250 * ms)
  }

  @Test func `skips and counts the cycles that a slow read took`() {
    let group = PollGroup(cycleMilliseconds: 100, points: [0])
    group.start(at: 0, fraction: 0)
    #expect(group.advance(now: 10 * ms) == 0)
    #expect(group.due == 100 * ms)
    #expect(group.advance(now: 450 * ms) == 3)
    #expect(group.due == 500 * ms)
  }

  @Test func `a pause is not counted as missed`() {
    let group = PollGroup(cycleMilliseconds: 100, points: [0])
    group.start(at: 0, fraction: 0)
    group.resume(now: 10_050 * ms)
    #expect(group.due == 10_100 * ms)
    #expect(group.advance(now: 10_101 * ms) == 0)
  }

  @Test func `a probe before its time leaves the schedule as it is`() {
    let group = PollGroup(cycleMilliseconds: 60_000, points: [0])
    group.start(at: 0, fraction: 0)
    _ = group.advance(now: 10 * ms)
    group.resume(now: 61_000 * ms)
    #expect(group.due == 120_000 * ms)
    #expect(group.advance(now: 62_000 * ms) == 0)
    #expect(group.due == 120_000 * ms)
  }

  @Test func `a device that is back is read at once and then on its grid`() {
    let group = PollGroup(cycleMilliseconds: 60_000, points: [0])
    group.start(at: 0, fraction: 0)
    _ = group.advance(now: 10 * ms)
    group.bringForward(to: 5_000 * ms)
    #expect(group.due == 5_000 * ms)
    #expect(group.advance(now: 5_010 * ms) == 0)
    #expect(group.due == 60_000 * ms)
  }

  @Test func `hands samples to the driver unfilled`() {
    let buffers = SampleBuffers()
    let used = buffers.take(2)
    let before = used.prepared(for: [3, 7])
    before[0].status = MAPPER_OK
    before[1].value.u64 = 9
    buffers.giveBack(used)
    let samples = buffers.take(2).prepared(for: [4, 8])
    #expect(samples.map(\.point) == [4, 8])
    #expect(samples.allSatisfy { $0.status == MAPPER_NOT_FILLED && $0.value.u64 == 0 })
  }
}
