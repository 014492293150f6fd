// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
import DeviceTwin
import JSON
import TestSupport
import Testing

@Suite struct ReportTests {
  private struct Line {
    let bench: TwinBench
    let feed: any DeviceFeed
    var now: Int64 { bench.clock.milliseconds * 1_000_000 }

    init(_ points: [PropertyDescription]) async throws {
      bench = try await TwinBench()
      bench.twin.deviceChanged(.mapped(points))
      feed = try #require(bench.twin.feed(of: oneName))
      feed.linkChanged(to: .online, reason: "", at: now)
      let publisher = bench.publisher
      #expect(await eventually { publisher.texts("state/update/result").count == 1 })
    }

    func receive(_ values: [Int: Value]) {
      feed.receive(
        values.sorted { $0.key < $1.key }.map { Sample(property: $0.key, quality: .good, value: $0.value) },
        arrival: now)
    }

    var documents: [String] { bench.publisher.texts("twin/update/document") }
    func property(_ name: String) -> PropertySnapshot? {
      bench.twin.device(oneName)?.properties.first { $0.name == name }
    }
  }

  @Test func `the first change goes at once, all due properties together`() async throws {
    let line = try await Line([.point("b", cycle: 60_000), .point("a", .int, cycle: 60_000)])
    line.receive([0: .float(21.5), 1: .int(3)])
    #expect(line.property("b")?.reported?.value == .float(21.5))
    #expect(await eventually { line.documents.count == 1 })
    #expect(
      line.documents == [
        #"{"event_id":"","timestamp":1795515640000,"twin":{"a":{"last":null,"current":{"actual":{"value":"3","metadata":{"timestamp":1795515640000}},"optional":false,"metadata":{"type":"int"}}},"b":{"last":null,"current":{"actual":{"value":"21.5","metadata":{"timestamp":1795515640000}},"optional":false,"metadata":{"type":"float"}}}}}"#
      ])
    #expect(line.bench.twin.device(oneName)?.reportedVersion == 1)
    // Within the cycle nothing goes; memory has it.
    line.receive([0: .float(22)])
    #expect(line.property("b")?.reported?.value == .float(22))
    await line.bench.twin.stop()
    // The end reports what was due later.
    #expect(line.documents.count == 2)
    #expect(line.bench.twin.statistics.reports == 2)
  }

  @Test func `a change within the cycle goes at its end, as one`() async throws {
    let line = try await Line([.point("a", .int, cycle: 200)])
    line.receive([0: .int(1)])
    #expect(await eventually { line.documents.count == 1 })
    for number in 2...20 { line.receive([0: .int(Int64(number))]) }
    #expect(
      await eventually { line.documents.last?.contains(#""current":{"actual":{"value":"20""#) ?? false })
    #expect((2...3).contains(line.documents.count))
    await line.bench.twin.stop()
  }

  @Test func `equal values are not reported again`() async throws {
    let line = try await Line([.point("a", .int, cycle: 1), .point("mark", .int, cycle: 1)])
    line.receive([0: .int(1)])
    #expect(await eventually { line.documents.count == 1 })
    let change = line.property("a")?.change
    for _ in 0..<10 { line.receive([0: .int(1)]) }
    #expect(line.property("a")?.change == change)
    line.receive([1: .int(1)])
    #expect(await eventually { line.documents.count == 2 })
    #expect(!(line.documents.last?.contains(#""a""#) ?? true))
    await line.bench.twin.stop()
    #expect(line.documents.count == 2)
  }

  @Test func `a failure keeps the value, says why, and goes at once`() async throws {
    let line = try await Line([.point("a", .int, cycle: 60_000)])
    line.receive([0: .int(1)])
    #expect(await eventually { line.documents.count == 1 })
    line.bench.clock.advance(milliseconds: 10)
    line.feed.receive(
      [Sample(property: 0, failure: SampleFailure(status: .timeout, text: "silent"))], arrival: line.now)
    let reported = try #require(line.property("a")?.reported)
    #expect(reported.value == .int(1) && reported.quality == .bad && reported.failure?.text == "silent")
    #expect(reported.time == 1_795_515_640_000_000_000)
    #expect(await eventually { line.documents.count == 2 })
    #expect(
      line.documents[1].contains(
        #""current":{"actual":{"value":"1","metadata":{"timestamp":1795515640000,"quality":"bad"}}"#))
    line.receive([0: .int(1)])
    #expect(await eventually { line.documents.count == 3 })
    #expect(line.property("a")?.reported?.failure == nil)
    await line.bench.twin.stop()
  }

  @Test func `without a link values are stale, and without a value there is no link`() async throws {
    let line = try await Line([.point("a", .int, cycle: 60_000), .point("b", .int, cycle: 60_000)])
    line.receive([0: .int(1)])
    line.feed.receive(
      [Sample(property: 1, failure: SampleFailure(status: .timeout, text: ""))], arrival: line.now)
    #expect(await eventually { line.documents.count >= 1 })
    line.bench.clock.advance(milliseconds: 5)
    line.feed.linkChanged(to: .offline, reason: "no answer", at: line.now)
    #expect(line.property("a")?.reported?.quality == .stale)
    #expect(line.property("a")?.reported?.value == .int(1))
    #expect(line.property("b")?.reported?.quality == .noLink)
    let link = try #require(line.bench.twin.device(oneName)?.link)
    #expect(link == LinkSnapshot(state: .offline, reason: "no answer", since: line.now, lastOnline: line.now))
    let publisher = line.bench.publisher
    #expect(await eventually { publisher.texts("state/update/result").count == 2 })
    #expect(
      publisher.texts("state/update/result").last.map(withoutUUID)
        == #"{"event_id":"UUID","timestamp":1795515640005,"device":{"name":"one-0","state":"offline"}}"#)
    #expect(await eventually { line.documents.last?.contains("uncertain") ?? false })
    await line.bench.twin.stop()
  }

  @Test func `a value that changes and comes back within its cycle is no news`() async throws {
    let line = try await Line([.point("a", .int, cycle: 4000), .point("mark", .int, cycle: 4000)])
    line.receive([0: .int(1), 1: .int(1)])
    #expect(await eventually { line.documents.count == 1 })
    line.receive([0: .int(2), 1: .int(2)])
    line.receive([0: .int(1)])
    #expect(await eventually { line.documents.count == 2 })
    #expect(!line.documents[1].contains(#""a""#))
    await line.bench.twin.stop()
  }

  @Test func `a value that cannot be converted does not make the old one look fresh`() async throws {
    let line = try await Line([.point("a", .int)])
    line.receive([0: .int(1)])
    let before = try #require(line.property("a")?.reported)
    line.bench.clock.advance(milliseconds: 10)
    line.feed.receive(
      [Sample(property: 0, quality: .good, sourceNanoseconds: 7, value: .text("hot"))], arrival: line.now)
    let after = try #require(line.property("a")?.reported)
    #expect(after.value == .int(1) && after.quality == .bad)
    #expect(after.time == before.time && after.sourceTime == before.sourceTime)
    await line.bench.twin.stop()
  }

  @Test func `mapped properties have one reporter`() async throws {
    let line = try await Line([.point("a", .int)])
    line.receive([0: .int(1)])
    #expect(await eventually { line.documents.count == 1 })
    for body in [
      #"{"event_id":"x","twin":{"a":{"actual":{"value":"9"}}}}"#, #"{"event_id":"x","twin":{"a":null}}"#,
    ] {
      line.bench.update(body)
    }
    line.bench.send(#"{"event_id":"x","state":"online"}"#, to: "$hw/events/device/default/one-0/state/update")
    let publisher = line.bench.publisher
    #expect(await eventually { publisher.texts("twin/update/result").count == 2 })
    let reason = "property a of device default/one-0 is reported by its mapper; only expected can be set"
    for text in publisher.texts("twin/update/result") {
      #expect(text == #"{"event_id":"x","timestamp":1795515640000,"code":409,"reason":"\#(reason)"}"#)
    }
    #expect(
      publisher.texts("state/update/result").last
        == #"{"event_id":"x","timestamp":1795515640000,"code":409,"reason":"the state of device default/one-0 is reported by its mapper"}"#
    )
    #expect(line.property("a")?.reported?.value == .int(1))
    await line.bench.twin.stop()
  }
}
