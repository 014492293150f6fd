// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import TestSupport
import Testing

@testable import MapperEngine

/// Mappers of other minors than ours.
@Suite(.blocking) struct VersionTests {
  private func write(_ point: UInt32, _ value: Value, _ request: UInt64) -> EngineCommand {
    .write(.init(session: 1, request: request, items: [.init(point: point, value: value)]))
  }

  @Test func `a mapper of 1.0 reads, writes and reports`() throws {
    try EngineBench.run(try FixtureMapper.frozen()) { bench throws in
      // Its load writes a line.
      #expect(bench.sink.events.first == .log(session: 0, level: .info, text: "frozen at 1.0"))
      #expect(
        bench.sink.events.dropFirst().first
          == .loaded(
            .init(
              name: "frozen", version: "1.0.0", abiMinor: 0,
              drivers: [
                .init(
                  id: "frozen", title: "Frozen at ABI 1.0", deviceSchema: nil, pointSchema: nil,
                  extensions: ["mapper.subscribe/1"])
              ])))
      let outcome = try bench.bind(1, points: 3, cycle: 10)
      #expect(outcome.status == .ok && outcome.refusedPoints.isEmpty)
      // Point 0 is left to polling.
      #expect(bench.waits { bench.sink.batches.contains { $0.points == [0] && $0.values == [.int(0)] } })
      bench.engine.handle(write(0, .int(-7), 1))
      #expect(bench.waits { bench.sink.batches.contains { $0.points == [0] && $0.values == [.int(-7)] } })
      bench.engine.handle(write(2, .int(9), 2))
      #expect(bench.waits { bench.sink.batches.contains { $0.points == [2] && $0.values == [.int(9)] } })
      #expect(
        bench.sink.events.contains(
          .written(session: 1, request: 2, items: [.init(point: 2, status: .ok, text: "")])))
      bench.unbind(1)
      let refused = try bench.bind(2, settings: [Setting(key: "refuse", value: .bool(true))])
      #expect(refused.status == .notFound && refused.reason == "asked to refuse")
    }
  }

  /// `symbols.txt` against what the linker made.
  @Test func `a mapper of 1.0 exports and imports what it did then`() throws {
    let library = try FixtureMapper.frozen()
    let listed = try lines(of: "cat '\(FixtureMapper.root)/Tests/Fixtures/abi-1.0/symbols.txt'")
    let symbols = try lines(of: "nm -D '\(library)'")
    func names(_ word: String) -> Set<Substring> {
      Set(listed.filter { $0.hasPrefix(word + " ") }.compactMap { $0.split(separator: " ").last })
    }
    func found(_ kinds: Set<Substring>) -> Set<Substring> {
      Set(
        symbols.compactMap { line in
          let words = line.split(separator: " ")
          guard words.count >= 2, kinds.contains(words[words.count - 2]) else { return nil }
          // Without the version; what begins with an underscore is the compiler's own.
          let name = words[words.count - 1].prefix { $0 != "@" }
          return name.hasPrefix("_") ? nil : name
        })
    }
    #expect(found(["D", "R", "B", "T"]) == names("export"))
    #expect(found(["U"]) == names("import"))
  }

  private func lines(of command: String) throws -> [Substring] {
    let stream = try #require(popen(command, "r"))
    defer { pclose(stream) }
    var bytes: [UInt8] = []
    while case let byte = getc(stream), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }

  @Test func `a table that ends before its optional members works`() throws {
    try EngineBench.run(try FixtureMapper.library("short-table")) { bench throws in
      #expect(bench.driver?.extensions == [])
      try bench.bind(1, type: .string, cycle: 10)
      #expect(bench.waits { bench.sink.batches.contains { $0.values == [.text("fixture")] } })
    }
  }

  @Test func `a mapper of a later minor works, and what it has behind our tables is left alone`() throws {
    try EngineBench.run(try FixtureMapper.library("newer")) { bench throws in
      guard case .loaded(let library) = bench.sink.events.first else {
        Issue.record("was not loaded")
        return
      }
      #expect(library.abiMinor == 7)
      #expect(library.drivers[0].extensions == ["mapper.methods/1", "mapper.discovery/1"])
      // Rows with a larger stride.
      #expect(library.drivers[0].methods.map(\.name) == ["twice", "doubled", "again"])
      try bench.bind(1, cycle: 10)
      #expect(bench.waits { bench.sink.batches.contains { $0.values == [.int(1)] } })
      #expect(try bench.call("again", [.int(21)]) == .init(status: .ok, result: .int(42)))
      let scan = try bench.beginScan()
      #expect(try bench.end(scan).status == .ok)
      #expect(
        bench.found(scan) == [
          .init(
            confidence: 10, settings: "{}",
            properties: [.init(name: "a", type: .boolean), .init(name: "b", type: .string)])
        ])
    }
  }

  @Test(arguments: [
    ("too-short", "mapper_entry has 48 bytes, at least 56 are required"),
    ("too-short-driver", "mapper_driver has 96 bytes, at least 104 are required"),
    ("null-slot", "mapper_driver lacks the required member read"),
    ("wrong-major", "is built for ABI 2, this host has ABI 1"),
    ("no-entry", "exports no symbol mapper_entry"),
  ])
  func `what cannot work is refused with the reason`(name: String, reason: String) throws {
    #expect(EngineBench.refusal(of: try FixtureMapper.library(name)) == reason)
  }
}
