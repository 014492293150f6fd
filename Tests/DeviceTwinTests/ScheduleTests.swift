// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
@testable import DeviceTwin
import Synchronization
import TestSupport
import Testing

@Suite struct ScheduleTests {
  private func devices(_ count: Int, of bench: TwinBench) -> [Device] {
    (0..<count).map { number in
      Device(
        name: makeName("d\(number)"), id: Int64(number), context: bench.twin.context, state: DeviceState())
    }
  }

  @Test func `a heap gives the earliest first, each device once`() async throws {
    let bench = try await TwinBench()
    var random = SplitMix(seed: 7)
    let devices = devices(50, of: bench)
    var heap = WakeHeap()
    var times: [Int64: Int64] = [:]
    for _ in 0..<2000 {
      let device = devices[Int.random(in: 0..<devices.count, using: &random)]
      if Int.random(in: 0..<8, using: &random) == 0 {
        heap.remove(device)
        times[device.id] = nil
      } else {
        let time = Int64.random(in: 0..<1000, using: &random)
        heap.insert(device, at: time)
        times[device.id] = min(time, times[device.id] ?? .max)
      }
      #expect(heap.count == times.count)
      #expect(heap.earliest == times.values.min())
    }
    while let first = heap.first {
      #expect(heap.earliest == times.values.min() && times[first.id] == heap.earliest)
      heap.remove(first)
      times[first.id] = nil
    }
    #expect(times.isEmpty)
    await bench.twin.stop()
  }

  @Test func `a device that is overtaken time and again is on the list once`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(
      .mapped([.point("slow", .int, cycle: 3_600_000), .point("fast", .int, cycle: 1)]))
    let feed = try #require(bench.twin.feed(of: oneName))
    func receive(_ property: Int, _ value: Int64) {
      feed.receive([Sample(property: property, quality: .good, value: .int(value))], arrival: 1)
    }
    receive(0, 0)
    for number in 1...20 {
      receive(1, Int64(number))
      #expect(await eventually { bench.twin.statistics.reports >= number })
      // Due in an hour.
      receive(0, Int64(number))
    }
    let schedule = bench.twin.context.schedule
    #expect(await eventually { schedule.count == 1 })
    bench.twin.deviceRemoved(oneName)
    #expect(schedule.count == 0)
    await bench.twin.stop()
  }

  @Test func `a device that is gone asks for no more time`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.plain())
    let device = try #require(bench.twin.find(oneName))
    bench.twin.deviceRemoved(oneName)
    // As a report leaves it that fails after the removal.
    device.state.withLock { $0.nextReport = 0 }
    #expect(device.tick(now: WallClock.monotonic) == .max)
    await bench.twin.stop()
  }
}
