// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import TestSupport
import Testing

@testable import MapperEngine

/// The engine in this process, with the real virtual mapper.
@Suite(.blocking) struct EngineTests {
  /// An engine that is stopped at the end of the test.
  private func withEngine(_ body: (Engine, RecordingSink) throws -> Void) throws {
    let sink = RecordingSink()
    let engine = Engine(sink: sink, board: nil)
    try #require(engine.load(BuiltMapper.path("virtual")), "make mappers builds it")
    try body(engine, sink)
    let stopped = engine.stop(within: .seconds(60))
    #expect(stopped)
  }

  private func point(
    _ name: String, _ kind: String, type: PropertyType = .double, cycle: UInt32 = 20, writable: Bool = false,
    _ more: [Setting] = []
  ) -> SessionBinding.Point {
    .init(
      name: name, type: type, isWritable: writable, cycleMilliseconds: cycle,
      settings: ([Setting(key: "kind", value: .text(kind))] + more).sorted { $0.key < $1.key })
  }

  private func binding(_ session: UInt32, _ points: [SessionBinding.Point], settings: [Setting] = [])
    -> SessionBinding
  {
    SessionBinding(
      session: session, driver: "virtual", device: "default/v\(session)", settings: settings, points: points,
      callTimeoutMilliseconds: 200, backoffMilliseconds: 50...200)
  }

  private func write(_ session: UInt32, _ value: Value, point: UInt32 = 0, verify: Bool = false)
    -> EngineCommand
  {
    .write(.init(session: session, request: 1, items: [.init(point: point, verify: verify, value: value)]))
  }

  private func outcome(_ sink: RecordingSink) -> WriteItemOutcome? {
    sink.first { sink in
      for case .written(_, _, let items) in sink.events { return items.first }
      return nil
    }
  }

  @Test func `reads what is due and tells that the device is online`() throws {
    try withEngine { engine, sink in
      engine.handle(
        .bind(binding(1, [point("n", "counter", type: .int), point("c", "constant", cycle: 40)])))
      #expect(sink.first { $0.batches.filter { $0.points == [0] }.count >= 5 ? true : nil } == true)
      #expect(sink.batches.contains { $0.points == [1] })
      #expect(
        sink.events.contains(.link(session: 1, state: .online, status: .ok, reason: "")))
      let numbers = sink.batches.filter { $0.points == [0] }.compactMap { $0.values[0]?.number }
      #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
    }
  }

  @Test func `writes, reads back and answers once`() throws {
    try withEngine { engine, sink in
      engine.handle(.bind(binding(1, [point("s", "settable", cycle: 0, writable: true)])))
      engine.handle(write(1, .double(42.5), verify: true))
      #expect(outcome(sink) == .init(point: 0, status: .ok, text: ""))
      #expect(sink.batches.contains { $0.values == [.double(42.5)] })
    }
  }

  @Test func `a device that hangs keeps no other from being read`() throws {
    try withEngine { engine, sink in
      engine.handle(
        .bind(
          binding(1, [point("f", "fault", type: .string, cycle: 0, writable: true), point("c", "constant")])))
      engine.handle(.bind(binding(2, [point("n", "counter", type: .int, cycle: 10)])))
      engine.handle(write(1, .text("delay:400")))
      #expect(outcome(sink)?.status == .ok)
      let before = sink.batches.count { $0.session == 2 }
      #expect(sink.first { $0.batches.count { $0.session == 2 } >= before + 20 ? true : nil } == true)
      let told = sink.first { sink in
        sink.events.contains {
          if case .link(1, let state, .timeout, _) = $0 {
            state == .degraded || state == .offline
          } else {
            false
          }
        } ? true : nil
      }
      #expect(told == true)
    }
  }

  @Test func `unbinding cancels a call under way and is answered`() throws {
    try withEngine { engine, sink in
      var slow = binding(
        1, [point("f", "fault", type: .string, cycle: 0, writable: true), point("c", "constant")])
      slow.callTimeoutMilliseconds = 60_000
      engine.handle(.bind(slow))
      engine.handle(write(1, .text("delay:50000")))
      #expect(outcome(sink)?.status == .ok)
      // The read that now waits in the driver ends by cancellation, not by its deadline.
      engine.handle(.unbind(session: 1))
      #expect(sink.first { $0.events.contains(.unbound(session: 1)) ? true : nil } == true)
      engine.handle(write(1, .text("none")))
      #expect(
        sink.events.last
          == .written(
            session: 1, request: 1,
            items: [.init(point: 0, status: .unavailable, text: "the device is not bound")]))
    }
  }

  @Test func `every write is answered, also when its device is released at the same moment`() throws {
    try withEngine { engine, sink in
      for session in 1...50 {
        engine.handle(
          .bind(binding(UInt32(session), [point("s", "settable", cycle: 0, writable: true)])))
        engine.handle(write(UInt32(session), .double(1)))
        engine.handle(.unbind(session: UInt32(session)))
        engine.handle(write(UInt32(session), .double(2)))
      }
      let answered = sink.first { sink in
        sink.events.count { if case .written = $0 { true } else { false } } == 100 ? true : nil
      }
      #expect(answered == true)
    }
  }

  @Test func `a device that gives one value of two is degraded and stays so`() throws {
    try withEngine { engine, sink in
      // Two cycles: the good group must not speak for the bad one.
      let bad = point("b", "settable", type: .string, cycle: 20, [Setting(key: "offset", value: .int(1))])
      engine.handle(.bind(binding(1, [point("n", "counter", type: .int, cycle: 10), bad])))
      #expect(sink.first { $0.batches.count >= 20 ? true : nil } == true)
      let changes = sink.events.count { if case .link = $0 { true } else { false } }
      #expect(changes <= 3)
    }
  }

  @Test func `a driver's words come with what it refuses`() throws {
    try withEngine { engine, sink in
      engine.handle(.bind(binding(1, [point("x", "bogus")])))
      let bound = sink.first { sink -> BindOutcome? in
        for case .bound(let outcome) in sink.events { return outcome }
        return nil
      }
      #expect(bound?.refusedPoints.first?.status.isFinal == true || bound?.status.isFinal == true)
      #expect((bound?.refusedPoints.first?.text ?? bound?.reason ?? "").isEmpty == false)
    }
  }

  @Test func `names a driver that the library does not have`() throws {
    try withEngine { engine, sink in
      var other = binding(1, [])
      other.driver = "opcua"
      engine.handle(.bind(other))
      #expect(
        sink.events.last
          == .bound(
            .init(
              session: 1, status: .notFound, reason: "the library has no driver 'opcua'", refusedPoints: [])))
    }
  }

  @Test func `counts the samples that its host does not take`() throws {
    try withEngine { engine, sink in
      sink.refuseBatches()
      engine.handle(.bind(binding(1, [point("n", "counter", type: .int, cycle: 10)])))
      let counted = sink.first { sink -> MapperReport.Counters? in
        engine.handle(.counters)
        guard case .counters(let counters) = sink.events.last, counters.droppedSamples > 2 else { return nil }
        return counters
      }
      #expect(counted?.samples == 0)
      #expect(counted?.devices == 1)
    }
  }

  @Test func `five hundred devices on lanes of their own are all served`() throws {
    try withEngine { engine, sink in
      for session in 1...500 {
        engine.handle(.bind(binding(UInt32(session), [point("c", "constant", cycle: 100)])))
      }
      #expect(sink.first { Set($0.batches.map(\.session)).count == 500 ? true : nil } == true)
    }
  }

  @Test(arguments: [("no-such-file", "cannot be opened")])
  func `refuses what is no library, with the reason`(name: String, reason: String) {
    let sink = RecordingSink()
    #expect(!Engine(sink: sink, board: nil).load("/nowhere/\(name).so"))
    guard case .refused(let text) = sink.events.first else {
      Issue.record("nothing was refused")
      return
    }
    #expect(text.hasPrefix(reason))
  }
}

/// Where `make mappers` puts the libraries.
enum BuiltMapper {
  static func path(_ name: String, file: String = #filePath) -> String {
    let root = file.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(root)/.build/mappers/\(name).so"
  }
}
