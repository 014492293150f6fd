// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import TestSupport
import Testing

@testable import History

@Suite struct QueryTests {
  typealias Row = (time: Int64, value: Double?)

  /// What a step should be, counted the simple way.
  private static func steps(_ rows: [Row], from: Int64, to: Int64, step: Int64) -> [HistoryStep] {
    var groups: [Int64: [Row]] = [:]
    for row in rows where row.time >= from && row.time < to {
      let begin = Int64((Double(row.time) / Double(step)).rounded(.down)) * step
      groups[begin, default: []].append(row)
    }
    return groups.sorted { $0.key < $1.key }.map { begin, rows in
      let numbers = rows.compactMap(\.value)
      // The last by time; of one time, the one that came last.
      let last = rows.filter { $0.value != nil }.enumerated().max {
        $0.element.time == $1.element.time
          ? $0.offset < $1.offset : $0.element.time < $1.element.time
      }
      return HistoryStep(
        time: begin, count: numbers.count, failed: rows.count - numbers.count, minimum: numbers.min(),
        maximum: numbers.max(),
        average: numbers.isEmpty ? nil : numbers.reduce(0, +) / Double(numbers.count),
        last: last?.element.value.map { .double($0) })
    }
  }

  /// Feeds values of quarters, whose sums are exact in any order. Some are saved, some are in memory.
  private static func fill(_ bench: HistoryBench, _ random: inout SplitMix, jumps: Bool) async throws
    -> [Row]
  {
    let sink = try bench.sink([("level", .double)])
    var rows: [Row] = []
    var time = HistoryBench.start
    for index in 0..<3000 {
      if index == 1100 { #expect(await bench.history.flush()) }
      if jumps, index % 700 == 699 { time -= Int64.random(in: 60_000...400_000, using: &random) }
      if Int.random(in: 0..<20, using: &random) == 0 {
        sink.fail(at: time)
        rows.append((time, nil))
      } else {
        let value = Double(Int.random(in: -4000...4000, using: &random)) / 4
        sink.take(.double(value), at: time)
        rows.append((time, value))
      }
      time += [0, 990, 1000, 1010, 5000].randomElement(using: &random) ?? 0
    }
    return rows
  }

  @Test(arguments: [false, true]) func `steps are what a simple count gives, also when the clock went back`(
    _ jumps: Bool
  ) async throws {
    var random = SplitMix(seed: jumps ? 21 : 22)
    let bench = try await HistoryBench { $0.blockSamples = 128 }
    let rows = try await Self.fill(bench, &random, jumps: jumps)
    let begin = rows.map(\.time).min() ?? 0
    let end = (rows.map(\.time).max() ?? 0) + 1
    for step in [250, 1000, 7000, 60_000, 600_000, 3_600_000, 40_000_000_000] as [Int64] {
      for _ in 0..<4 {
        let from = Int64.random(in: begin - 5000...end, using: &random)
        let to = Int64.random(in: from...end + 5000, using: &random)
        let expected = Self.steps(rows, from: from, to: to, step: step)
        #expect(try await bench.steps(from: from, to: to, step: step).rows == expected)
      }
      let all = Self.steps(rows, from: begin, to: end, step: step)
      #expect(try await bench.steps(from: begin, to: end, step: step).rows == all)
      // Page by page.
      var pages: [HistoryStep] = []
      var next: Int64? = begin
      while let from = next {
        let page = try await bench.steps(from: from, to: end, step: step, limit: 37)
        #expect(page.rows.count <= 37)
        pages += page.rows
        next = page.next
      }
      #expect(pages == all)
    }
    await bench.history.stop()
  }

  @Test(arguments: [false, true])
  func `samples come in order and page by page, also when the clock went back`(
    _ jumps: Bool
  ) async throws {
    var random = SplitMix(seed: jumps ? 31 : 32)
    let bench = try await HistoryBench { $0.blockSamples = 128 }
    let rows = try await Self.fill(bench, &random, jumps: jumps)
    let expected = rows.enumerated().sorted {
      $0.element.time == $1.element.time ? $0.offset < $1.offset : $0.element.time < $1.element.time
    }.map {
      HistorySample(
        time: $0.element.time, value: $0.element.value.map { .double($0) },
        quality: $0.element.value == nil ? .bad : .good)
    }
    #expect(try await bench.samples().rows == expected)
    let from = expected[200].time
    let to = expected[2500].time
    #expect(
      try await bench.samples(from: from, to: to).rows
        == expected.filter { $0.time >= from && $0.time < to })
    for limit in [1, 100] {
      var pages: [HistorySample] = []
      var next: Int64? = from
      while let begin = next {
        let page = try await bench.samples(from: begin, to: to, limit: limit)
        pages += page.rows
        next = page.next
      }
      #expect(pages == expected.filter { $0.time >= from && $0.time < to })
    }
    await bench.history.stop()
  }

  @Test func `texts and bytes have a last value and a count`() async throws {
    let bench = try await HistoryBench()
    let sink = try bench.sink([("mode", .string), ("raw", .bytes)])
    let start = HistoryBench.start / 60_000 * 60_000
    sink.take(.text("on"), at: start)
    sink.take(.text("off"), at: start + 1)
    sink.fail(at: start + 2)
    sink.take(.bytes([1, 2]), at: start, property: 1)
    let mode = try await bench.steps(of: "mode", step: 60_000).rows
    #expect(mode == [HistoryStep(time: start, count: 2, failed: 1, last: .text("off"))])
    let raw = try await bench.samples(of: "raw").rows
    #expect(raw == [HistorySample(time: start, value: .bytes([1, 2]), quality: .good)])
    await bench.history.stop()
  }

  @Test func `a value of another type is converted, and one that cannot be is a failed reading`() async throws
  {
    let bench = try await HistoryBench()
    let sink = try bench.sink([("level", .int)])
    sink.take(.double(21.6), at: HistoryBench.start)
    sink.take(.text("warm"), at: HistoryBench.start + 1)
    sink.take([Sample(property: 9, quality: .good, value: .int(1))], arrival: 0)
    let rows = try await bench.samples().rows
    #expect(rows.map(\.value) == [.int(22), nil])
    #expect(rows.map(\.quality) == [.good, .bad])
    await bench.history.stop()
  }

  @Test func `what no mapper read is kept too`() async throws {
    let bench = try await HistoryBench()
    bench.history.reported(
      .float(1.5), of: "note", as: .float, device: HistoryBench.device, time: HistoryBench.start * 1_000_000)
    #expect(
      try await bench.samples(of: "note").rows == [
        HistorySample(time: HistoryBench.start, value: .float(1.5), quality: .good)
      ])
    await bench.history.stop()
  }

  @Test func `a property that changes its type goes on in a new block`() async throws {
    let bench = try await HistoryBench()
    try bench.sink([("level", .int)]).take(.int(3), at: HistoryBench.start)
    try bench.sink([("level", .float)]).take(.float(3.5), at: HistoryBench.start + 1)
    #expect(try await bench.samples().rows.map(\.value) == [.int(3), .float(3.5)])
    let step = try await bench.steps(step: 3_600_000).rows
    #expect(step.map(\.count) == [2] && step.first?.average == 3.25)
    await bench.history.stop()
  }

  @Test func `what is not there is named`() async throws {
    let bench = try await HistoryBench()
    await #expect(
      throws: HistoryError.propertyNotFound(device: HistoryBench.device, property: "level")
    ) { try await bench.samples() }
    await #expect(throws: HistoryError.deviceNotFound(HistoryBench.device)) {
      try await bench.history.extent(of: HistoryBench.device)
    }
    await bench.history.stop()
    await #expect(throws: HistoryError.busy) { try await bench.samples() }
  }

  @Test func `more queries than may wait are refused at once`() async throws {
    let bench = try await HistoryBench { $0.queuedQueries = 0 }
    await #expect(throws: HistoryError.busy) { try await bench.samples() }
    #expect(bench.history.statistics.refusedQueries == 1)
    await bench.history.stop()
  }

  @Test func `a small step back of the clock is taken as the same time`() async throws {
    let bench = try await HistoryBench()
    let sink = try bench.sink([("level", .int)])
    for (index, time) in [0, 1000, 1990, 1500, 3000].enumerated() {
      sink.take(.int(Int64(index)), at: HistoryBench.start + Int64(time))
    }
    #expect(
      try await bench.samples().rows.map { $0.time - HistoryBench.start } == [0, 1000, 1990, 1990, 3000])
    await bench.history.stop()
  }

  @Test func `the extent counts what is in the file and what is in memory`() async throws {
    let bench = try await HistoryBench { $0.blockSamples = 128 }
    let sink = try bench.sink([("level", .int), ("other", .int)])
    for index in 0..<200 { sink.take(.int(1), at: HistoryBench.start + Int64(index)) }
    #expect(await bench.history.flush())
    for index in 200..<300 { sink.take(.int(1), at: HistoryBench.start + Int64(index)) }
    sink.take(.int(1), at: HistoryBench.start, property: 1)
    #expect(
      try await bench.history.extent(of: HistoryBench.device) == [
        HistoryExtent(
          property: "level", from: HistoryBench.start, to: HistoryBench.start + 299, samples: 300),
        HistoryExtent(property: "other", from: HistoryBench.start, to: HistoryBench.start, samples: 1),
      ])
    await bench.history.stop()
  }
}
