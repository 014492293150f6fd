// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import TestSupport
import Testing

@testable import History

@Suite struct SizeTests {
  /// Bytes a sample in the file, its pages and indexes counted, of some hours of one property at one second
  /// with a jitter of a few milliseconds.
  private func bytesPerSample(_ type: PropertyType, _ value: (Int, inout SplitMix) -> Value) async throws
    -> Double
  {
    let bench = try await HistoryBench()
    // Forty properties, so that pages are shared as they are on a node.
    let properties = (0..<40).map { ("p\($0)", type) }
    let sink = try bench.sink(properties)
    var random = SplitMix(seed: 5)
    let count = 4096
    for index in 0..<count {
      let samples = (0..<properties.count).map { place in
        Sample(property: place, quality: .good, value: value(index, &random))
      }
      let jitter = Int64.random(in: -2...2, using: &random)
      sink.take(samples, arrival: (HistoryBench.start + Int64(index) * 1000 + jitter) * 1_000_000)
    }
    #expect(await bench.history.flush())
    let before = bench.history.statistics
    #expect(before.blocks >= 40 * 4 && before.dropped == 0)
    await bench.history.stop()
    var facts = stat()
    #expect(stat(bench.options.path, &facts) == 0)
    return Double(facts.st_size) / Double(count * properties.count)
  }

  @Test func `noise of 16 bits in tenths takes four bytes a sample at most, as float and as double`()
    async throws
  {
    #expect(
      try await bytesPerSample(.float) { _, random in
        .float(Float(Double(UInt16.random(in: 0 ... .max, using: &random)) * 0.1))
      } <= 4)
    #expect(
      try await bytesPerSample(.double) { _, random in
        .double(Double(UInt16.random(in: 0 ... .max, using: &random)) * 0.1)
      } <= 4)
    #expect(
      try await bytesPerSample(.double) { _, random in
        .double(Double(UInt16.random(in: 0 ... .max, using: &random)) / 10)
      } <= 4)
  }

  @Test func `a temperature takes two bytes, a counter two, a constant one`() async throws {
    var temperature = 215
    #expect(
      try await bytesPerSample(.double) { _, random in
        temperature += Int.random(in: -2...2, using: &random)
        return .double(Double(temperature) * 0.1)
      } <= 2.2)
    #expect(try await bytesPerSample(.int) { index, _ in .int(Int64(index) * 3) } <= 2.2)
    #expect(try await bytesPerSample(.float) { _, _ in .float(21.3) } <= 1.2)
    #expect(try await bytesPerSample(.boolean) { index, _ in .bool(index % 600 < 20) } <= 1.2)
  }

  @Test func `a float without decimals takes its 32 bits and little more`() async throws {
    #expect(
      try await bytesPerSample(.float) { _, random in .float(.random(in: 20...30, using: &random)) } <= 5)
  }
}
