// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import TestSupport
import Testing

@testable import History

@Suite struct StorageTests {
  private static func fill(_ sink: any SampleSink, _ range: Range<Int>, property: Int = 0, step: Int64 = 1000)
  {
    for index in range {
      sink.take(.int(Int64(index)), at: HistoryBench.start + Int64(index) * step, property: property)
    }
  }

  private static func copy(_ from: String, to: String) throws {
    for end in ["", "-wal"] {
      guard let source = fopen(from + end, "re") else { continue }
      defer { fclose(source) }
      guard let target = fopen(to + end, "we") else { throw Failed(what: to + end) }
      defer { fclose(target) }
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = fread(&buffer, 1, buffer.count, source), count > 0 {
        guard fwrite(buffer, 1, count, target) == count else { throw Failed(what: to) }
      }
    }
  }

  struct Failed: Error { let what: String }

  @Test func `survives a restart, what was not full too`() async throws {
    let folder = try TemporaryFolder()
    let first = try await HistoryBench(folder: folder) { $0.blockSamples = 128 }
    Self.fill(try first.sink([("level", .int)]), 0..<300)
    await first.history.stop()
    let second = try await HistoryBench(folder: folder) { $0.blockSamples = 128 }
    #expect(try await second.samples().rows.map(\.value) == (0..<300).map { .int($0) })
    Self.fill(try second.sink([("level", .int)]), 300..<400)
    #expect(try await second.samples().rows.map(\.value) == (0..<400).map { .int($0) })
    #expect(try await second.history.extent(of: HistoryBench.device).map(\.samples) == [400])
    await second.history.stop()
    let third = try await HistoryBench(folder: folder)
    #expect(try await third.steps(step: 86_400_000).rows.map(\.count).reduce(0, +) == 400)
    await third.history.stop()
  }

  @Test func `a crash keeps all that was saved, and nothing twice`() async throws {
    let bench = try await HistoryBench { $0.blockSamples = 128 }
    let sink = try bench.sink([("level", .int)])
    Self.fill(sink, 0..<200)
    #expect(await bench.history.flush())
    let early = bench.folder.file("early.db")
    try Self.copy(bench.options.path, to: early)
    // The open block of before is full by now, and another is open.
    Self.fill(sink, 200..<300)
    #expect(await bench.history.flush())
    let late = bench.folder.file("late.db")
    try Self.copy(bench.options.path, to: late)
    Self.fill(sink, 300..<350)
    for (path, count) in [(early, 200), (late, 300)] {
      let after = try await HistoryBench(path: path)
      #expect(try await after.samples().rows.map(\.value) == (0..<count).map { .int(Int64($0)) })
      await after.history.stop()
    }
    await bench.history.stop()
  }

  @Test func `full blocks are saved before the timer when they are many`() async throws {
    let bench = try await HistoryBench { $0.blockSamples = 128 }
    let sink = try bench.sink([("raw", .bytes)])
    var random = SplitMix(seed: 1)
    for index in 0..<200 {
      sink.take(
        .bytes((0..<3000).map { _ in .random(in: 0 ... .max, using: &random) }),
        at: HistoryBench.start + Int64(index))
    }
    #expect(await eventually { bench.history.statistics.blocksWritten > 0 })
    await bench.history.stop()
  }

  @Test func `the timer saves what is not full`() async throws {
    let bench = try await HistoryBench { $0.flushInterval = 5_000_000 }
    Self.fill(try bench.sink([("level", .int)]), 0..<10)
    #expect(
      await eventually {
        try? Self.copy(bench.options.path, to: bench.folder.file("copy.db"))
        guard let file = try? HistoryFile(path: bench.folder.file("copy.db")) else { return false }
        return file.blocks == 1
      })
    await bench.history.stop()
  }

  @Test func `old blocks go, in the order in which they came`() async throws {
    let bench = try await HistoryBench {
      $0.blockSamples = 128
      $0.retention = 10_000
    }
    let sink = try bench.sink([("level", .int), ("other", .int)])
    Self.fill(sink, 0..<1280, step: 100)
    Self.fill(sink, 0..<128, property: 1, step: 100)
    #expect(await bench.history.flush())
    #expect(bench.history.statistics.blocks == 11)
    // Long after: everything is too old, and goes in a pace of its own.
    bench.clock.set(HistoryBench.start + 86_400_000)
    #expect(
      await eventually {
        _ = await bench.history.flush()
        return bench.history.statistics.blocksDeleted > 0
      })
    let left = try await bench.samples().rows
    let deleted = Int(bench.history.statistics.blocksDeleted)
    #expect(left.first?.value == (deleted >= 10 ? nil : .int(Int64(deleted * 128))))
    #expect(bench.history.statistics.blocks == 11 - Int64(deleted))
    let extent = try await bench.history.extent(of: HistoryBench.device).first { $0.property == "level" }
    #expect(extent?.samples ?? 0 == left.count && extent?.from == left.first?.time)
    await bench.history.stop()
  }

  @Test func `the front of the ring alone is looked at, and what is young stays`() throws {
    let folder = try TemporaryFolder()
    let file = try HistoryFile(path: folder.file("history.db"))
    for number in 0..<20 {
      var encoder = BlockEncoder(kind: .int, first: Int64(number) * 1000)
      encoder.append(time: Int64(number) * 1000, quality: .good, value: .int(Int64(number)))
      try file.save([
        .init(device: HistoryBench.device, property: "level", blocks: [encoder.block], open: nil)
      ])
    }
    #expect(try file.removeBlocks(before: 10_000, limit: 4) == 4)
    #expect(try file.removeBlocks(before: 10_000, limit: 100) == 6)
    #expect(try file.removeBlocks(before: 10_000, limit: 100) == 0)
    let id = try #require(file.id(of: "level", device: HistoryBench.device))
    #expect(file.properties[id]?.blocks == 10 && file.properties[id]?.oldest == 10_000)
    #expect(file.blocks == 10)
  }

  @Test func `one property has its bound, and the file has one`() async throws {
    let bench = try await HistoryBench {
      $0.blockSamples = 128
      $0.maximumPropertyBytes = 20_000
      $0.maximumBytes = 256 << 10
    }
    var random = SplitMix(seed: 2)
    let sink = try bench.sink((0..<40).map { ("p\($0)", .double) })
    var time = HistoryBench.start
    for _ in 0..<1024 {
      let samples = (0..<40).map { place in
        Sample(property: place, quality: .good, value: .double(.random(in: 0...1, using: &random)))
      }
      time += 1000
      sink.take(samples, arrival: time * 1_000_000)
    }
    #expect(await bench.history.flush())
    let statistics = bench.history.statistics
    #expect(statistics.fileBytes <= 256 << 10)
    #expect(statistics.blocksDeleted > 0 && statistics.blocks > 100)
    let extents = try await bench.history.extent(of: HistoryBench.device)
    #expect(extents.count == 40)
    for extent in extents {
      let rows = try await bench.samples(of: extent.property).rows
      #expect(rows.count == extent.samples && rows.first?.time == extent.from)
      #expect(rows.last?.time == time)
    }
    // One more property alone, beyond its own bound.
    for index in 0..<4096 {
      sink.take(.double(.random(in: 0...1, using: &random)), at: time + Int64(index), property: 3)
    }
    #expect(await bench.history.flush())
    let one = try await bench.samples(of: "p3").rows
    #expect(one.count * 8 < 24_000 && one.last?.time == time + 4095)
    await bench.history.stop()
  }

  @Test func `without a disk it goes on from memory within its bound, and says so`() async throws {
    let folder = try TemporaryFolder()
    let bench = try await HistoryBench(path: folder.file("missing/history.db")) {
      $0.blockSamples = 128
      $0.memoryBytes = 50_000
    }
    var random = SplitMix(seed: 4)
    let sink = try bench.sink([("level", .double)])
    let count = 20_000
    for index in 0..<count {
      sink.take(.double(.random(in: 0...1, using: &random)), at: HistoryBench.start + Int64(index))
    }
    #expect(await eventually { !bench.history.statistics.problem.isEmpty })
    #expect(await !bench.history.flush())
    let statistics = bench.history.statistics
    #expect(statistics.memoryBytes <= 60_000)
    #expect(statistics.samples == UInt64(count))
    let rows = try await bench.samples().rows
    #expect(rows.count + Int(statistics.dropped) == count)
    #expect(rows.last?.time == HistoryBench.start + Int64(count) - 1)
    // The folder comes: all that is left is saved.
    #expect(mkdir(folder.file("missing"), 0o755) == 0)
    #expect(await bench.history.flush())
    #expect(bench.history.statistics.problem.isEmpty)
    #expect(try await bench.samples().rows == rows)
    await bench.history.stop()
  }

  @Test func `a file that is none is set aside, and a new one is begun`() async throws {
    let folder = try TemporaryFolder()
    try folder.write(String(repeating: "this is no database. ", count: 400), to: "history.db")
    let bench = try await HistoryBench(folder: folder)
    Self.fill(try bench.sink([("level", .int)]), 0..<10)
    #expect(await bench.history.flush())
    #expect(try await bench.samples().rows.count == 10)
    #expect(access(bench.options.path + ".damaged-\(HistoryBench.start)", F_OK) == 0)
    await bench.history.stop()
  }

  @Test func `of a damaged file, what can be read goes on in a new one`() async throws {
    let folder = try TemporaryFolder()
    let first = try await HistoryBench(folder: folder) { $0.blockSamples = 128 }
    let sink = try first.sink([("level", .double)])
    var random = SplitMix(seed: 9)
    var expected: [HistorySample] = []
    for index in 0..<12_800 {
      let value = Value.double(.random(in: 0...1, using: &random))
      let time = HistoryBench.start + Int64(index)
      sink.take(value, at: time)
      expected.append(HistorySample(time: time, value: value, quality: .good))
    }
    await first.history.stop()
    let stream = try #require(fopen(first.options.path, "r+e"))
    fseek(stream, 20 * 4096, SEEK_SET)
    let noise = (0..<3 * 4096).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
    #expect(fwrite(noise, 1, noise.count, stream) == noise.count)
    fclose(stream)

    let second = try await HistoryBench(folder: folder) { $0.blockSamples = 128 }
    // The damage shows when it is read.
    await #expect(throws: HistoryError.self) { try await second.samples() }
    let rows = try await second.samples().rows
    #expect(rows.count >= 12_800 - 20 * 128)
    #expect(rows.count < 12_800)
    let byTime = Dictionary(uniqueKeysWithValues: expected.map { ($0.time, $0) })
    #expect(rows.allSatisfy { byTime[$0.time] == $0 })
    #expect(second.history.statistics.problem.isEmpty)
    #expect(access(second.options.path + ".damaged-\(HistoryBench.start)", F_OK) == 0)
    try second.sink([("level", .double)]).take(.double(7), at: HistoryBench.start + 20_000)
    #expect(await second.history.flush())
    #expect(try await second.samples().rows.count == rows.count + 1)
    await second.history.stop()
  }

  @Test func `a text that is too long is kept as a gap, and counted`() async throws {
    let bench = try await HistoryBench()
    let sink = try bench.sink([("mode", .string)])
    sink.take(.text(String(repeating: "x", count: Series.longestValue + 1)), at: HistoryBench.start)
    sink.take(.text(String(repeating: "y", count: Series.longestValue)), at: HistoryBench.start + 1)
    let rows = try await bench.samples(of: "mode").rows
    #expect(rows.map { $0.value == nil } == [true, false])
    #expect(bench.history.statistics.oversized == 1)
    await bench.history.stop()
  }

  @Test func `many devices at once, with queries between, lose nothing`() async throws {
    let bench = try await HistoryBench {
      $0.blockSamples = 128
      $0.flushInterval = 2_000_000
    }
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          let device = HistoryBench.name("default/d\(number)")
          guard let sink = try? bench.sink([("level", .int)], device: device) else { return }
          for index in 0..<2000 {
            sink.take(.int(Int64(index)), at: HistoryBench.start + Int64(index))
            if index % 500 == 0 { await Task.yield() }
          }
        }
        group.addTask {
          let device = HistoryBench.name("default/d\(number)")
          for _ in 0..<20 {
            guard let rows = try? await bench.samples(device: device).rows else { continue }
            #expect(rows.map(\.value) == (0..<rows.count).map { .int(Int64($0)) })
          }
        }
      }
    }
    for number in 0..<8 {
      let rows = try await bench.samples(device: HistoryBench.name("default/d\(number)")).rows
      #expect(rows.map(\.value) == (0..<2000).map { .int($0) })
    }
    await bench.history.stop()
  }
}
