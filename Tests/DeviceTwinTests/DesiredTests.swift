// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
@testable import DeviceTwin
import JSON
import Synchronization
import TestSupport
import Testing

@Suite struct DesiredTests {
  private func online(_ bench: TwinBench, _ points: [PropertyDescription], _ driver: FakeDriver) throws
    -> any DeviceFeed
  {
    bench.twin.deviceChanged(.mapped(points))
    let feed = try #require(bench.twin.feed(of: oneName))
    feed.attach(driver)
    feed.linkChanged(to: .online, reason: "", at: bench.clock.milliseconds * 1_000_000)
    return feed
  }

  private func desired(_ bench: TwinBench, _ name: String = "a") -> DesiredSnapshot? {
    bench.twin.device(oneName)?.properties.first { $0.name == name }?.desired
  }

  private func set(_ bench: TwinBench, _ value: JSON?, _ name: String = "a", ifVersion: Int64? = nil)
    async throws -> DeviceSnapshot
  {
    try await bench.twin.setDesired([(name, value)], of: oneName, origin: .api, ifVersion: ifVersion)
  }

  @Test func `a value is stored, written once and applied`() async throws {
    let bench = try await TwinBench()
    let driver = FakeDriver()
    _ = try online(bench, [.point("a", .int, verify: true)], driver)
    let answer = try await set(bench, "22.0")
    #expect(answer.desiredVersion == 1)
    #expect(answer.properties[0].desired?.state == .pending)
    #expect(answer.properties[0].inSync == false)
    #expect(await eventually { driver.calls.count == 1 })
    #expect(driver.calls[0].writes == [PropertyWrite(property: 0, value: .int(22), verify: true)])
    driver.calls[0].finish(.ok)
    #expect(await eventually { desired(bench)?.state != .pending })
    let after = bench.twin.device(oneName)
    #expect(after?.properties[0].desired?.state == .applied)
    #expect(after?.properties[0].desired?.attempts == 1)
    #expect(after?.properties[0].desired?.error == "")
    #expect(driver.calls.count == 1)
    #expect(bench.publisher.texts("twin/update/document").count == 1)
    #expect(
      bench.publisher.texts("twin/update/delta").map(withoutUUID) == [
        #"{"event_id":"UUID","timestamp":1795515640000,"twin":{"a":{"expected":{"value":"22","metadata":{"timestamp":1795515640000}},"optional":false,"metadata":{"type":"int"}}},"delta":{"a":"22"}}"#
      ])
    await bench.twin.stop()
  }

  @Test func `drift after applied shows and is not written again`() async throws {
    let bench = try await TwinBench()
    let driver = FakeDriver(answer: .ok)
    let feed = try online(bench, [.point("a", .int)], driver)
    _ = try await set(bench, 5)
    #expect(await eventually { desired(bench)?.state == .applied })
    feed.receive([Sample(property: 0, quality: .good, value: .int(5))], arrival: 1)
    #expect(bench.twin.device(oneName)?.properties[0].inSync == true)
    feed.receive([Sample(property: 0, quality: .good, value: .int(6))], arrival: 2)
    #expect(bench.twin.device(oneName)?.properties[0].inSync == false)
    #expect(desired(bench)?.state == .applied)
    #expect(driver.calls.count == 1)
    await bench.twin.stop()
  }

  private static let refused: [(JSON, TwinError)] = [
    ("abc", .invalid(property: "a", value: "\"abc\"", expected: "a whole number of 64 bits")),
    (22.5, .invalid(property: "a", value: "22.5", expected: "a whole number of 64 bits")),
    (true, .invalid(property: "a", value: "true", expected: "a whole number of 64 bits")),
    ([1], .invalid(property: "a", value: "[1]", expected: "a whole number of 64 bits")),
    (101, .invalid(property: "a", value: "101", expected: "a number from 0 to 100")),
    (-1, .invalid(property: "a", value: "-1", expected: "a number from 0 to 100")),
  ]

  @Test(arguments: refused.indices) func `a value of the wrong kind is refused`(index: Int) async throws {
    let bench = try await TwinBench()
    _ = try online(bench, [.point("a", .int, minimum: 0, maximum: 100)], FakeDriver())
    await #expect(throws: Self.refused[index].1) { try await set(bench, Self.refused[index].0) }
    #expect(bench.twin.device(oneName)?.desiredVersion == 0)
    await bench.twin.stop()
  }

  @Test func `all of a request or none, by version`() async throws {
    let bench = try await TwinBench()
    let driver = FakeDriver()
    _ = try online(
      bench, [.point("a", .int), .point("b", .int), .point("ro", .int, isWritable: false)], driver)
    await #expect(throws: TwinError.readOnly(property: "ro")) { try await set(bench, 1, "ro") }
    await #expect(throws: TwinError.propertyNotFound(device: oneName, property: "zz")) {
      try await bench.twin.setDesired([("a", 1), ("zz", 1)], of: oneName, origin: .api, ifVersion: nil)
    }
    #expect(desired(bench) == nil)
    let nobody = makeName("nobody")
    await #expect(throws: TwinError.deviceNotFound(nobody)) {
      try await bench.twin.setDesired([("a", 1)], of: nobody, origin: .api, ifVersion: nil)
    }
    let both = try await bench.twin.setDesired([("a", 1), ("b", 2)], of: oneName, origin: .api, ifVersion: 0)
    #expect(both.desiredVersion == 1)
    #expect(both.properties.prefix(2).map { $0.desired?.version } == [1, 1])
    await #expect(throws: TwinError.conflict(current: 1)) { try await set(bench, 9, ifVersion: 0) }
    // Taken back.
    let back = try await set(bench, nil, ifVersion: 1)
    #expect(back.desiredVersion == 2)
    #expect(back.properties[0].desired == nil && back.properties[1].desired != nil)
    await bench.twin.stop()
  }

  @Test(arguments: [MapperStatus.invalid, .type, .denied, .unsupported, .notFound])
  func `a final status fails, with the driver's words`(status: MapperStatus) async throws {
    let bench = try await TwinBench()
    let driver = FakeDriver(answer: status)
    _ = try online(bench, [.point("a", .int)], driver)
    _ = try await set(bench, 1)
    #expect(await eventually { desired(bench)?.state == .failed })
    #expect(desired(bench)?.error == "\(status): by the test")
    #expect(driver.calls.count == 1)
    await bench.twin.stop()
  }

  @Test func `any other status is tried again until it works`() async throws {
    let bench = try await TwinBench()
    let driver = FakeDriver()
    _ = try online(bench, [.point("a", .int)], driver)
    _ = try await set(bench, 1)
    for (attempt, status) in [MapperStatus.timeout, .unavailable, .busy].enumerated() {
      #expect(await eventually { driver.calls.count == attempt + 1 })
      driver.calls[attempt].finish(status, "no")
      #expect(await eventually { desired(bench)?.error == "\(status): no" })
      #expect(desired(bench)?.state == .pending)
    }
    #expect(await eventually { driver.calls.count == 4 })
    driver.calls[3].finish(.ok)
    #expect(await eventually { desired(bench)?.state == .applied })
    #expect(desired(bench)?.attempts == 4)
    await bench.twin.stop()
  }

  @Test func `a device that comes back is tried at once`() async throws {
    let bench = try await TwinBench(options: .patient)
    let driver = FakeDriver()
    let feed = try online(bench, [.point("a", .int)], driver)
    _ = try await set(bench, 1)
    #expect(await eventually { driver.calls.count == 1 })
    driver.calls[0].finish(.timeout)
    feed.linkChanged(to: .offline, reason: "gone", at: 1)
    feed.linkChanged(to: .online, reason: "", at: 2)
    #expect(await eventually { driver.calls.count == 2 })
    // A driver that dies leaves the outcome unknown: the next one is told again.
    let next = FakeDriver(answer: .ok)
    feed.attach(next)
    driver.calls[1].finish(.invalid)
    #expect(await eventually { desired(bench)?.state == .applied })
    #expect(next.calls.count == 1)
    await bench.twin.stop()
  }

  @Test func `the newest version wins, and an older result is nobody's`() async throws {
    let bench = try await TwinBench()
    let driver = FakeDriver()
    _ = try online(bench, [.point("a", .int)], driver)
    _ = try await set(bench, 1)
    #expect(await eventually { driver.calls.count == 1 })
    _ = try await set(bench, 2)
    _ = try await set(bench, 3)
    driver.calls[0].finish(.invalid, "too late")
    #expect(await eventually { driver.calls.count == 2 })
    #expect(driver.calls[1].writes.map(\.value) == [.int(3)])
    #expect(desired(bench)?.state == .pending && desired(bench)?.error == "")
    driver.calls[1].finish(.ok)
    #expect(await eventually { desired(bench)?.state == .applied })
    #expect(driver.calls.count == 2)
    await bench.twin.stop()
  }

  @Test func `a value past its time to live is never written`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.mapped([.point("a", .int, ttl: 20)]))
    _ = try await set(bench, 1)
    #expect(await eventually { desired(bench)?.state == .failed })
    #expect(desired(bench)?.error == "not applied within its time to live of 20 ms")
    let driver = FakeDriver(answer: .ok)
    try #require(bench.twin.feed(of: oneName)).attach(driver)
    #expect(driver.calls.isEmpty)
    await bench.twin.stop()
  }

  @Test func `a clock that is set does not age a value of this run`() async throws {
    let bench = try await TwinBench(clock: TestClock(milliseconds: 0))
    bench.twin.deviceChanged(.mapped([.point("a", .int, ttl: 3_600_000)]))
    _ = try await set(bench, 1)
    bench.clock.advance(milliseconds: 1_795_515_640_000)
    let driver = FakeDriver(answer: .ok)
    try #require(bench.twin.feed(of: oneName)).attach(driver)
    #expect(driver.calls.count == 1)
    await bench.twin.stop()
  }

  /// Days, by the wall clock of the next run; a negative one is a clock that went back, as without a battery.
  @Test(arguments: [
    (7, "not applied within its time to live of 3600000 ms"),
    (-20_000, "its age is not known, since the clock went back; it has a time to live of 3600000 ms"),
  ])
  func `a value of an earlier run is not written when it is old, or may be`(days: Int64, error: String)
    async throws
  {
    let model = DeviceDescription.mapped([.point("a", .int, ttl: 3_600_000)])
    let before = try await TwinBench()
    before.twin.deviceChanged(model)
    _ = try await set(before, 1)
    await before.twin.stop()
    let clock = TestClock()
    clock.advance(milliseconds: days * 86_400_000)
    let bench = try await TwinBench(folder: before.folder, clock: clock)
    bench.twin.deviceChanged(model)
    let driver = FakeDriver(answer: .ok)
    try #require(bench.twin.feed(of: oneName)).attach(driver)
    #expect(driver.calls.isEmpty)
    #expect(desired(bench)?.state == .failed && desired(bench)?.error == error)
    await bench.twin.stop()
  }

  @Test func `a link that flips between online and degraded leaves the back-off alone`() async throws {
    let bench = try await TwinBench(options: .patient)
    let driver = FakeDriver(answer: .timeout)
    let feed = try online(bench, [.point("a", .int)], driver)
    _ = try await set(bench, 1)
    #expect(await eventually { desired(bench)?.error.isEmpty == false })
    for _ in 0..<20 {
      feed.linkChanged(to: .degraded, reason: "1 of 3 points fail", at: 1)
      feed.linkChanged(to: .online, reason: "", at: 1)
    }
    #expect(driver.calls.count == 1)
    await bench.twin.stop()
  }

  @Test func `a value that its model does not allow is never written`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.mapped([.point("a", .int), .point("b", .int)]))
    _ = try await bench.twin.setDesired([("a", 1000), ("b", 1)], of: oneName, origin: .api, ifVersion: nil)
    // While both are pending.
    bench.twin.deviceChanged(.mapped([.point("a", .int, maximum: 10), .point("b", .int, isWritable: false)]))
    let driver = FakeDriver(answer: .ok)
    try #require(bench.twin.feed(of: oneName)).attach(driver)
    #expect(driver.calls.isEmpty)
    #expect(desired(bench)?.error == "not written: expected a number of at most 10")
    #expect(desired(bench, "b")?.error == "not written: the property is read-only")
    #expect(desired(bench)?.state == .failed && desired(bench, "b")?.state == .failed)
    await bench.twin.stop()
  }

  @Test func `nothing is desired of a property whose model is not known yet`() async throws {
    let model = DeviceDescription.mapped([.point("a", .int, maximum: 10)])
    let before = try await TwinBench()
    before.twin.deviceChanged(model)
    await before.twin.stop()
    let bench = try await TwinBench(folder: before.folder)
    bench.update(#"{"event_id":"e","twin":{"a":{"expected":{"value":"1000"}}}}"#)
    #expect(
      bench.publisher.texts("result") == [
        #"{"event_id":"e","timestamp":1795515640000,"code":503,"reason":"the manifest of device default/one-0 has not been read yet"}"#
      ])
    await #expect(throws: TwinError.busy) { try await set(bench, 1000) }
    bench.twin.deviceChanged(model)
    #expect(try await set(bench, 10).desiredVersion == 1)
    await bench.twin.stop()
  }

  @Test func `each request is answered with its own value and version`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.mapped([.point("a", .int)]))
    let device = try #require(bench.twin.find(oneName))
    let answers = Mutex<[Int: DesiredSnapshot]>([:])
    for number in 1...40 {
      device.setDesired([("a", .int(Int64(number)))], origin: .api, ifVersion: nil) { result in
        answers.withLock { $0[number] = try? result.get().properties[0].desired }
      }
    }
    #expect(await eventually { answers.withLock { $0.count } == 40 })
    for (number, answer) in answers.withLock({ $0 }) {
      #expect(answer.value == .int(Int64(number)) && answer.version == Int64(number))
    }
    await bench.twin.stop()
  }

  @Test func `taking back twice is answered when it is on disk`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.plain(oneName, [PropertyDescription(name: "a", type: .int, isWritable: true)]))
    _ = try await set(bench, 1)
    let device = try #require(bench.twin.find(oneName))
    try await bench.holdWriter()
    let answers = Atomic<Int>(0)
    for _ in 0..<2 {
      device.setDesired([("a", nil)], origin: .api, ifVersion: nil) { _ in
        answers.wrappingAdd(1, ordering: .relaxed)
      }
    }
    #expect(answers.load(ordering: .relaxed) == 0)
    bench.publisher.release()
    #expect(await eventually { answers.load(ordering: .relaxed) == 2 })
    await bench.twin.stop()
  }

  @Test(arguments: [
    (PropertyType.double, Value.double(3 * 0.1), 0.3 as JSON),
    (.double, .double(Double(Float(25.3))), 25.3), (.float, .float(Float(3) * 0.1), 0.3),
  ])
  func `what a device makes of a value is in sync with it`(type: PropertyType, reported: Value, value: JSON)
    async throws
  {
    let bench = try await TwinBench()
    let feed = try online(bench, [.point("a", type)], FakeDriver(answer: .ok))
    _ = try await set(bench, value)
    feed.receive([Sample(property: 0, quality: .good, value: reported)], arrival: 1)
    #expect(bench.twin.device(oneName)?.properties[0].inSync == true)
    await bench.twin.stop()
  }

  @Test func `without a mapper a value is applied when it is reported`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(
      .plain(oneName, [PropertyDescription(name: "a", type: .float, isWritable: true)]))
    _ = try await set(bench, "22")
    #expect(desired(bench)?.state == .pending)
    bench.update(#"{"twin":{"a":{"actual":{"value":"21"}}}}"#)
    bench.update(#"{"twin":{"a":{"actual":{"value":"22.0"}}}}"#)
    #expect(desired(bench)?.state == .applied)
    #expect(bench.twin.device(oneName)?.properties[0].inSync == true)
    #expect(await eventually { bench.publisher.texts("result").count == 2 })
    // The text stays as it was sent, and what is in sync is no delta.
    #expect(bench.publisher.texts("result")[1].contains(#""value":"22.0""#))
    #expect(bench.publisher.texts("delta").count == 2)
    await bench.twin.stop()
  }

  @Test func `MQTT sets the same desired value, which a mapper writes`() async throws {
    let bench = try await TwinBench()
    let driver = FakeDriver(answer: .ok)
    _ = try online(bench, [.point("a", .int, maximum: 10), .point("ro", .int, isWritable: false)], driver)
    bench.update(#"{"event_id":"1","twin":{"a":{"expected":{"value":"5"}}}}"#)
    #expect(await eventually { desired(bench)?.state == .applied })
    #expect(desired(bench)?.origin == .mqtt)
    #expect(driver.calls.flatMap(\.writes).map(\.value) == [.int(5)])
    bench.update(#"{"event_id":"2","twin":{"a":{"expected":{"value":"11"}}}}"#)
    bench.update(#"{"event_id":"3","twin":{"ro":{"expected":{"value":"1"}}}}"#)
    #expect(await eventually { bench.publisher.texts("twin/update/result").count == 3 })
    let results = bench.publisher.texts("twin/update/result")
    #expect(
      results[1]
        == #"{"event_id":"2","timestamp":1795515640000,"code":400,"reason":"the value 11 is out of range: expected a number of at most 10"}"#
    )
    #expect(
      results[2]
        == #"{"event_id":"3","timestamp":1795515640000,"code":403,"reason":"property ro of device default/one-0 is read-only"}"#
    )
    await bench.twin.stop()
  }

  @Test func `a manifest's value counts when it changes, not when it is read again`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.mapped([.point("a", .int, desired: "5")]))
    #expect(desired(bench)?.value == .int(5) && desired(bench)?.origin == .manifest)
    _ = try await set(bench, 7)
    // Read again, with another label on it.
    var again = DeviceDescription.mapped([.point("a", .int, desired: "5")])
    again.labels = ["site": "x"]
    bench.twin.deviceChanged(again)
    #expect(desired(bench)?.value == .int(7))
    bench.twin.deviceChanged(.mapped([.point("a", .int, desired: "6")]))
    #expect(desired(bench)?.value == .int(6))
    #expect(bench.twin.device(oneName)?.desiredVersion == 3)
    bench.twin.deviceChanged(.mapped([.point("a", .int, desired: "nonsense")]))
    #expect(desired(bench)?.value == .int(6))
    await bench.twin.stop()
  }

  @Test func `waits double up to their limit`() {
    var options = TwinOptions()
    options.jitter = { 1 }
    #expect(
      [1, 2, 3, 5, 6, 7, 60].map { options.retryWait(afterAttempts: $0) / 1_000_000_000 } == [
        1, 2, 4, 16, 30, 30, 30,
      ])
  }
}
