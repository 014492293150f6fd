// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
import DeviceTwin
import JSON
import Testing

@Suite struct TelemetryTests {
  private static let points: [PropertyDescription] = [
    .point("t", .float), .point("n", .int), .point("b", .boolean), .point("s", .string), .point("d", .double),
    .point("x", .bytes),
  ]

  private func feed(_ bench: TwinBench, form: DeviceDescription.TelemetryForm = .full) throws
    -> any DeviceFeed
  {
    bench.twin.deviceChanged(.mapped(Self.points, telemetry: form))
    let feed = try #require(bench.twin.feed(of: oneName))
    feed.linkChanged(to: .online, reason: "", at: bench.clock.milliseconds * 1_000_000)
    return feed
  }

  @Test func `the full form carries text, quality and time of each sample`() async throws {
    let bench = try await TwinBench()
    let feed = try feed(bench)
    let now = bench.clock.milliseconds * 1_000_000
    feed.receive(
      [
        Sample(property: 0, quality: .good, value: .float(21.5)),
        Sample(property: 1, quality: .good, sourceNanoseconds: 5_000_000, value: .int(-3)),
        Sample(property: 2, quality: .uncertain, value: .bool(true)),
        Sample(property: 3, quality: .good, value: .text("a\"<b")),
        Sample(property: 4, failure: SampleFailure(status: .timeout, text: "unit 3 is silent")),
        Sample(property: 5, quality: .good, value: .int(5)),
      ], arrival: now)
    let message = try #require(
      bench.publisher.messages.first { $0.topic == "$ke/events/device/default/one-0/data/update" })
    #expect(
      message.text == #"{"epoch":1795515640000,"seq":1,"timestamp":1795515640000,"data":{"#
        + #""t":{"value":"21.5","quality":"good","metadata":{"timestamp":1795515640000,"type":"float"}},"#
        + #""n":{"value":"-3","quality":"good","metadata":{"timestamp":5,"type":"int"}},"#
        + #""b":{"value":"true","quality":"uncertain","metadata":{"timestamp":1795515640000,"type":"boolean"}},"#
        + #""s":{"value":"a\"\u003cb","quality":"good","metadata":{"timestamp":1795515640000,"type":"string"}},"#
        + #""d":{"value":null,"quality":"bad","error":"timeout: unit 3 is silent","metadata":{"timestamp":1795515640000,"type":"double"}},"#
        + #""x":{"value":null,"quality":"bad","error":"wrong type: the driver's value 5 is no bytes","metadata":{"timestamp":1795515640000,"type":"bytes"}}}}"#
    )
    #expect(try JSON.parse(message.text)["data"]?.object?.count == 6)
    await bench.twin.stop()
  }

  @Test func `the compact form has arrays, and numbers as numbers`() async throws {
    let bench = try await TwinBench()
    let feed = try feed(bench, form: .compact)
    let now = bench.clock.milliseconds * 1_000_000
    feed.receive(
      [
        Sample(property: 1, quality: .good, value: .int(7)),
        Sample(property: 0, quality: .good, value: .float(0.1)),
      ], arrival: now)
    feed.receive(
      [
        Sample(property: 0, quality: .uncertain, sourceNanoseconds: 9_000_000, value: .float(.nan)),
        Sample(property: 2, quality: .good, value: .bool(false)),
        Sample(property: 3, failure: SampleFailure(status: .denied, text: "")),
      ], arrival: now)
    let texts = bench.publisher.texts("data/update")
    #expect(
      texts == [
        #"{"epoch":1795515640000,"seq":1,"timestamp":1795515640000,"properties":["n","t"],"values":[7,0.1]}"#,
        #"{"epoch":1795515640000,"seq":2,"timestamp":1795515640000,"properties":["t","b","s"],"values":[null,false,null],"sourceTimes":[9,0,0],"quality":{"t":"uncertain"},"errors":{"s":"denied"}}"#,
      ])
    await bench.twin.stop()
  }

  @Test func `a sample of no property of the device is counted and left out`() async throws {
    let bench = try await TwinBench()
    let feed = try feed(bench)
    feed.receive(
      [
        Sample(property: 99, quality: .good, value: .int(1)),
        Sample(property: -1, quality: .good, value: .int(1)),
      ], arrival: 1)
    #expect(
      bench.publisher.texts("data/update") == [#"{"epoch":1795515640000,"seq":1,"timestamp":0,"data":{}}"#])
    #expect(bench.twin.statistics.strayedSamples == 2)
    await bench.twin.stop()
  }

  @Test func `a feed of an older list of properties is not heard`() async throws {
    let bench = try await TwinBench()
    let old = try feed(bench)
    bench.twin.deviceChanged(.mapped([.point("other", .int)]))
    old.receive([Sample(property: 0, quality: .good, value: .float(1))], arrival: 1)
    #expect(bench.publisher.texts("data/update").isEmpty)
    #expect(bench.twin.statistics.strayedSamples == 1)
    #expect(bench.twin.device(oneName)?.properties.map(\.name) == ["other"])
    await bench.twin.stop()
  }

  @Test func `telemetry that nobody takes is counted, and its number is a hole`() async throws {
    let bench = try await TwinBench()
    let feed = try feed(bench)
    bench.publisher.close()
    feed.receive([Sample(property: 1, quality: .good, value: .int(1))], arrival: 1)
    #expect(bench.twin.statistics.droppedTelemetry == 1)
    #expect(bench.twin.device(oneName)?.sequence == 1)
    await bench.twin.stop()
  }
}
