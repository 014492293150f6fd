// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
@testable import DeviceTwin
import Glibc
import JSON
import Store
import Synchronization
import TestSupport
import Testing

@Suite struct PersistenceTests {
  @Test func `a restart shows everything as it was`() async throws {
    let folder = try TemporaryFolder()
    let clock = TestClock()
    let before: DeviceSnapshot
    let answer: String
    do {
      let bench = try await TwinBench(folder: folder, clock: clock)
      bench.twin.deviceChanged(.plain())
      bench.update(
        #"{"twin":{"i":{"actual":{"value":"5"},"expected":{"value":"6"},"metadata":{"type":"integer"}},"f":{"actual":{"value":"21.50"},"metadata":{"type":"float"}},"s":{"actual":{"value":"x y"}},"b":{"actual":{"value":"true"},"metadata":{"type":"boolean"}},"gone":{"actual":{"value":"1"}},"fixed":{"optional":false}}}"#
      )
      bench.update(#"{"twin":{"gone":null}}"#)
      bench.send(#"{"state":"Online"}"#, to: "$hw/events/device/default/one-0/state/update")
      #expect(await eventually { bench.publisher.texts("state/update/result").count == 1 })
      bench.send("{}", to: "$hw/events/device/default/one-0/twin/get")
      answer = try #require(bench.publisher.texts("twin/get/result").last)
      before = try #require(bench.twin.device(oneName))
      await bench.twin.stop()
    }
    let bench = try await TwinBench(folder: folder, clock: clock)
    #expect(bench.twin.deviceNames() == [oneName])
    #expect(bench.twin.feed(of: oneName) == nil)
    let after = try #require(bench.twin.device(oneName))
    #expect(after.properties.map(\.name) == before.properties.map(\.name))
    #expect(after.properties.map(\.reported) == before.properties.map(\.reported))
    #expect(after.properties.map(\.desired) == before.properties.map(\.desired))
    #expect(after.link == before.link)
    #expect(after.desiredVersion == before.desiredVersion && after.reportedVersion == before.reportedVersion)
    bench.send("{}", to: "$hw/events/device/default/one-0/twin/get")
    #expect(bench.publisher.texts("twin/get/result") == [answer])
    bench.twin.deviceChanged(.plain())
    bench.update(#"{"event_id":"t","twin":{"gone":null}}"#)
    #expect(await eventually { bench.publisher.texts("document").count == 1 })
    #expect(
      bench.publisher.texts("document")[0].contains(
        #""last":{"actual":{},"optional":true,"metadata":{"type":"deleted"}}"#))
    #expect(bench.publisher.texts("membership/updated").isEmpty)
    await bench.twin.stop()
  }

  @Test func `a pending value goes on after a restart, and a manifest is not read as new`() async throws {
    let folder = try TemporaryFolder()
    let model = DeviceDescription.mapped([.point("a", .int), .point("m", .double, desired: "2.5")])
    do {
      let bench = try await TwinBench(folder: folder)
      bench.twin.deviceChanged(model)
      _ = try await bench.twin.setDesired([("a", 7)], of: oneName, origin: .cloud, ifVersion: nil)
      await bench.twin.stop()
    }
    let bench = try await TwinBench(folder: folder)
    bench.twin.deviceChanged(model)
    #expect(bench.twin.device(oneName)?.desiredVersion == 2)
    let driver = FakeDriver(answer: .ok)
    try #require(bench.twin.feed(of: oneName)).attach(driver)
    #expect(driver.calls.flatMap(\.writes).map(\.value) == [.int(7), .double(2.5)])
    await bench.twin.stop()
    let third = try await TwinBench(folder: folder)
    #expect(third.twin.device(oneName)?.properties.map { $0.desired?.state } == [.applied, .applied])
    await third.twin.stop()
  }

  @Test func `readings of a mapped device are stale after a restart, and not reported for it`() async throws {
    let folder = try TemporaryFolder()
    let model = DeviceDescription.mapped([.point("a", .float)])
    do {
      let bench = try await TwinBench(folder: folder)
      bench.twin.deviceChanged(model)
      let feed = try #require(bench.twin.feed(of: oneName))
      feed.linkChanged(to: .online, reason: "", at: 1)
      feed.receive([Sample(property: 0, quality: .good, value: .float(1.5))], arrival: 7)
      await bench.twin.stop()
    }
    let bench = try await TwinBench(folder: folder)
    // Known from the disk, and not yet declared: it stays its mapper's.
    #expect(bench.twin.device(oneName)?.link.state == .unavailable)
    bench.update(#"{"twin":{"a":{"actual":{"value":"9"}}}}"#)
    #expect(bench.publisher.texts("result").first?.contains(#""code":409"#) == true)
    bench.twin.deviceChanged(model)
    let snapshot = try #require(bench.twin.device(oneName))
    #expect(snapshot.link.state == .unavailable && snapshot.link.lastOnline == 7)
    #expect(snapshot.properties[0].reported?.value == .float(1.5))
    #expect(snapshot.properties[0].reported?.quality == .stale)
    await bench.twin.stop()
    #expect(bench.publisher.texts("document").isEmpty)
  }

  @Test func `another model keeps what fits it, and what MQTT clients brought`() async throws {
    let bench = try await TwinBench()
    let name = oneName
    bench.twin.deviceChanged(
      .plain(
        name,
        [
          PropertyDescription(name: "keep", type: .int, isWritable: true),
          PropertyDescription(name: "turn", type: .int, isWritable: true),
          PropertyDescription(name: "drop", type: .int, isWritable: true),
        ]))
    bench.update(
      #"{"twin":{"keep":{"actual":{"value":"1"}},"turn":{"actual":{"value":"2"},"expected":{"value":"3"}},"drop":{"actual":{"value":"3"}},"mine":{"actual":{"value":"4"}}}}"#
    )
    bench.twin.deviceChanged(
      .plain(
        name,
        [
          PropertyDescription(name: "new", type: .int), PropertyDescription(name: "turn", type: .string),
          PropertyDescription(name: "keep", type: .int),
        ]))
    let snapshot = try #require(bench.twin.device(name))
    #expect(snapshot.properties.map(\.name) == ["new", "turn", "keep", "mine"])
    #expect(snapshot.properties.map { $0.reported?.value } == [nil, nil, .int(1), .text("4")])
    #expect(snapshot.properties[1].desired == nil)
    await bench.twin.stop()
    let again = try await TwinBench(folder: bench.folder)
    #expect(again.twin.device(name)?.properties.map(\.name).sorted() == ["keep", "mine", "new", "turn"])
    #expect(again.twin.device(name)?.properties.first { $0.name == "turn" }?.reported == nil)
    await again.twin.stop()
  }

  @Test func `a removed device is gone from the file, and may come back as new`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.plain())
    bench.update(#"{"twin":{"a":{"actual":{"value":"1"}}}}"#)
    bench.twin.deviceRemoved(oneName)
    #expect(bench.twin.device(oneName) == nil)
    bench.twin.deviceChanged(.plain())
    #expect(bench.twin.device(oneName)?.properties.isEmpty == true)
    bench.twin.deviceRemoved(oneName)
    await bench.twin.stop()
    let again = try await TwinBench(folder: bench.folder)
    #expect(again.twin.deviceNames().isEmpty)
    await again.twin.stop()
  }

  private static let plain = DeviceDescription.plain(
    oneName, [PropertyDescription(name: "a", type: .int, isWritable: true)])

  @Test func `a full writer refuses, and memory stays as it was`() async throws {
    var options = TwinOptions.quick
    options.writerQueue = 1
    let bench = try await TwinBench(options: options)
    bench.twin.deviceChanged(Self.plain)
    #expect(await eventually { bench.twin.statistics.writer.operations == 1 })
    try await bench.holdWriter()
    bench.send(#"{"state":"offline"}"#, to: "$hw/events/device/default/holder/state/update")
    _ = bench.publisher.drain()
    await #expect(throws: TwinError.busy) {
      try await bench.twin.setDesired([("a", 1)], of: oneName, origin: .api, ifVersion: nil)
    }
    bench.update(#"{"event_id":"u","twin":{"a":{"actual":{"value":"1"}},"new":{"actual":{"value":"1"}}}}"#)
    #expect(
      bench.publisher.texts("result") == [
        #"{"event_id":"u","timestamp":1795515640000,"code":503,"reason":"too many updates wait for the disk"}"#
      ])
    let snapshot = try #require(bench.twin.device(oneName))
    #expect(snapshot.properties.map(\.name) == ["a"])
    #expect(snapshot.properties[0].reported == nil && snapshot.properties[0].desired == nil)
    #expect(snapshot.desiredVersion == 0 && snapshot.reportedVersion == 0)
    #expect(bench.twin.statistics.writer.dropped > 0)
    bench.publisher.release()
    await bench.twin.stop()
  }

  @Test func `a device that found the writer full is refused until it is on disk, and then whole`() async throws {
    var options = TwinOptions.quick
    options.writerQueue = 1
    options.fullQueueWait = 100_000_000
    let bench = try await TwinBench(options: options)
    try await bench.holdWriter()
    bench.send(#"{"state":"offline"}"#, to: "$hw/events/device/default/holder/state/update")
    bench.twin.deviceChanged(.mapped([.point("a", .int)]))
    _ = bench.publisher.drain()
    await #expect(throws: TwinError.busy) {
      try await bench.twin.setDesired([("a", 7)], of: oneName, origin: .api, ifVersion: nil)
    }
    bench.update(#"{"event_id":"u","twin":{"a":{"expected":{"value":"7"}}}}"#)
    #expect(
      bench.publisher.texts("result") == [
        #"{"event_id":"u","timestamp":1795515640000,"code":503,"reason":"device default/one-0 is not on disk yet"}"#
      ])
    bench.publisher.release()
    #expect(
      await eventually {
        (try? await bench.twin.setDesired([("a", 7)], of: oneName, origin: .api, ifVersion: nil)) != nil
      })
    try #require(bench.twin.feed(of: oneName)).receive(
      [Sample(property: 0, quality: .good, value: .int(3))], arrival: 1)
    #expect(await eventually { bench.twin.statistics.reports == 1 })
    await bench.twin.stop()
  }

  /// Runs SQL on a file that a manager has made, before the next one opens it.
  private static func makeFile(_ sql: String) async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let bench = try await TwinBench(folder: folder)
    bench.twin.deviceChanged(plain)
    await bench.twin.stop()
    try Database(path: folder.file("twin.db")).execute(sql)
    return folder
  }

  @Test func `a set behind a device that could not be stored fails alone`() async throws {
    // No property can be stored until there is a device "key".
    let folder = try await Self.makeFile(
      "CREATE TRIGGER p BEFORE INSERT ON property WHEN NOT EXISTS (SELECT * FROM device WHERE name='key') BEGIN SELECT RAISE(ABORT, 'no'); END")
    let bench = try await TwinBench(folder: folder)
    let name = makeName("new")
    let model = DeviceDescription.mapped([.point("a", .int, desired: "5")], name: name)
    try await bench.holdWriter()
    bench.twin.deviceChanged(model)
    let hasFailed = Atomic<Bool>(false)
    try #require(bench.twin.find(name)).setDesired([("a", 7)], origin: .api, ifVersion: nil) { result in
      if case .failure(.storage) = result { hasFailed.store(true, ordering: .relaxed) }
    }
    bench.publisher.release()
    #expect(await eventually { hasFailed.load(ordering: .relaxed) })
    bench.twin.deviceChanged(.plain(makeName("key")))
    // The manifest's value is back, and all of it on disk.
    func desired() -> DesiredSnapshot? { bench.twin.device(name)?.properties.first?.desired }
    #expect(await eventually { desired()?.value == .int(5) })
    let feed = try #require(bench.twin.feed(of: name))
    feed.receive([Sample(property: 0, quality: .good, value: .int(3))], arrival: 1)
    #expect(await eventually { bench.twin.statistics.reports == 1 })
    await bench.twin.stop()
    let again = try await TwinBench(folder: folder)
    let property = try #require(again.twin.device(name)?.properties.first)
    #expect(property.name == "a" && property.desired?.value == .int(5) && property.reported?.value == .int(3))
    await again.twin.stop()
  }

  @Test func `a failed write is taken back, though the one behind it found the queue full`() async throws {
    let folder = try await Self.makeFile(
      "CREATE TRIGGER d BEFORE INSERT ON desired WHEN new.value > 9 BEGIN SELECT RAISE(ABORT, 'no'); END")
    var options = TwinOptions.quick
    options.writerQueue = 1
    let bench = try await TwinBench(folder: folder, options: options)
    bench.twin.deviceChanged(Self.plain)
    try await bench.holdWriter()
    let device = try #require(bench.twin.find(oneName))
    let hasFailed = Atomic<Bool>(false)
    device.setDesired([("a", 10)], origin: .api, ifVersion: nil) { _ in hasFailed.store(true, ordering: .relaxed) }
    await #expect(throws: TwinError.busy) {
      try await bench.twin.setDesired([("a", 5)], of: oneName, origin: .api, ifVersion: nil)
    }
    bench.publisher.release()
    #expect(await eventually { hasFailed.load(ordering: .relaxed) })
    #expect(bench.twin.device(oneName)?.properties[0].desired == nil)
    await bench.twin.stop()
  }

  @Test(.timeLimit(.minutes(10))) func `a state that could not be stored is taken back, and watchers are told`() async throws {
    let folder = try await Self.makeFile(
      "CREATE TRIGGER s BEFORE UPDATE ON device WHEN new.spoken_state IN ('offline', 'unknown') BEGIN SELECT RAISE(ABORT, 'no'); END")
    let bench = try await TwinBench(folder: folder)
    bench.twin.deviceChanged(Self.plain)
    func say(_ word: String) {
      bench.send(#"{"state":"\#(word)"}"#, to: "$hw/events/device/default/one-0/state/update")
    }
    say("online")
    try await bench.holdWriter()
    say("offline")
    say("unknown")
    bench.update(#"{"twin":{"a":{"actual":{"value":"1"}}}}"#)
    let watch = bench.twin.watch(WatchFilter(device: oneName))
    func next() async -> DeviceSnapshot? {
      guard case .changed(let device)? = await watch.next() else { return nil }
      return device
    }
    let before = try #require(await next())
    #expect(before.link.state == .connecting)
    bench.publisher.release()
    #expect(await eventually { bench.publisher.texts("twin/update/result").count == 1 })
    let after = try #require(await next())
    #expect(after.link.state == .online && after.link.lastOnline == before.link.lastOnline)
    await bench.twin.stop()
  }

  @Test(arguments: [[], [PropertyDescription(name: "a", type: .string)]])
  func `versions never go back, though the rows that held them go`(properties: [PropertyDescription])
    async throws
  {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(Self.plain)
    for number in 1...5 {
      bench.update(#"{"twin":{"a":{"expected":{"value":"9"},"actual":{"value":"\#(number)"}}}}"#)
    }
    bench.twin.deviceChanged(.plain(oneName, properties))
    await bench.twin.stop()
    let again = try await TwinBench(folder: bench.folder)
    let device = try #require(again.twin.device(oneName))
    #expect(device.desiredVersion == 5 && device.reportedVersion == 5)
    await again.twin.stop()
  }

  @Test func `a report that failed is tried again for its own properties`() async throws {
    let folder = try await Self.makeFile(
      "CREATE TRIGGER r BEFORE INSERT ON reported WHEN new.value > 9 BEGIN SELECT RAISE(ABORT, 'no'); END")
    let bench = try await TwinBench(folder: folder)
    let a = PropertyDescription.point("a", .int)
    let b = PropertyDescription.point("b", .int)
    bench.twin.deviceChanged(.mapped([a, b]))
    let feed = try #require(bench.twin.feed(of: oneName))
    feed.receive([Sample(property: 1, quality: .good, value: .int(1))], arrival: 1)
    #expect(await eventually { bench.twin.statistics.reports == 1 })
    try await bench.holdWriter()
    feed.receive([Sample(property: 0, quality: .good, value: .int(10))], arrival: 2)
    #expect(await eventually { bench.twin.statistics.writer.queueDepth == 1 })
    // The list is another one by the time the report fails.
    bench.twin.deviceChanged(.mapped([b, a]))
    bench.publisher.release()
    #expect(await eventually { bench.twin.statistics.postponedReports >= 3 })
    #expect(bench.publisher.texts("document").count == 1)
    await bench.twin.stop()
  }

  @Test func `a storage failure is answered, and memory goes back to the disk`() async throws {
    let folder = try TemporaryFolder()
    do {
      let bench = try await TwinBench(folder: folder)
      bench.twin.deviceChanged(
        .plain(oneName, [PropertyDescription(name: "a", type: .int, isWritable: true)]))
      bench.update(#"{"twin":{"a":{"actual":{"value":"1"}}}}"#)
      await bench.twin.stop()
    }
    do {
      // From now on the file takes no value above 9.
      let database = try Database(path: folder.file("twin.db"))
      try database.execute(
        "CREATE TRIGGER r BEFORE INSERT ON reported WHEN new.value > 9 BEGIN SELECT RAISE(ABORT, 'no'); END")
      try database.execute(
        "CREATE TRIGGER d BEFORE INSERT ON desired WHEN new.value > 9 BEGIN SELECT RAISE(ABORT, 'no'); END")
    }
    let bench = try await TwinBench(folder: folder)
    bench.twin.deviceChanged(.plain(oneName, [PropertyDescription(name: "a", type: .int, isWritable: true)]))
    bench.update(
      #"{"event_id":"bad","twin":{"a":{"actual":{"value":"10"}},"n":{"actual":{"value":"10"},"metadata":{"type":"int"}}}}"#
    )
    #expect(await eventually { bench.publisher.texts("result").count == 1 })
    #expect(
      bench.publisher.texts("result")[0]
        == #"{"event_id":"bad","timestamp":1795515640000,"code":500,"reason":"the update could not be stored: no"}"#
    )
    #expect(bench.twin.device(oneName)?.properties.map { $0.reported?.value } == [.int(1)])
    do {
      _ = try await bench.twin.setDesired([("a", 10)], of: oneName, origin: .api, ifVersion: nil)
      Issue.record("the value was taken")
    } catch {
      guard case .storage = error else {
        Issue.record("\(error)")
        return
      }
    }
    #expect(bench.twin.device(oneName)?.properties[0].desired == nil)
    #expect(bench.twin.device(oneName)?.desiredVersion == 0)
    // What was never born can be made.
    bench.update(#"{"event_id":"good","twin":{"n":{"actual":{"value":"9"},"metadata":{"type":"int"}}}}"#)
    #expect(await eventually { bench.publisher.texts("result").count == 2 })
    #expect(bench.publisher.texts("document").last?.contains(#""n":{"last":null"#) == true)
    await bench.twin.stop()
  }

  /// The file as another process finds it when the agent dies between two instructions.
  @Test func `what was answered is in the file, though nobody closed it`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.plain())
    bench.twin.deviceChanged(.mapped([.point("a", .int)], name: makeName("mapped")))
    for round in 1...50 {
      bench.update(#"{"event_id":"\#(round)","twin":{"p\#(round % 7)":{"actual":{"value":"\#(round)"}}}}"#)
    }
    #expect(await eventually { bench.publisher.texts("twin/update/result").count == 50 })
    _ = try await bench.twin.setDesired([("a", 5)], of: makeName("mapped"), origin: .api, ifVersion: nil)
    let copy = try TemporaryFolder()
    for name in ["twin.db", "twin.db-wal"] { try copyFile(bench.folder.file(name), copy.file(name)) }
    let found = try await TwinBench(folder: copy)
    let reported = try #require(found.twin.device(oneName)).properties.map { $0.reported?.value?.text }
    #expect(reported.compactMap { $0.flatMap { Int($0) } }.sorted() == Array(44...50))
    #expect(found.twin.device(makeName("mapped"))?.properties[0].desired?.value == .int(5))
    await found.twin.stop()
    await bench.twin.stop()
  }

  private func copyFile(_ source: String, _ target: String) throws {
    let from = try #require(fopen(source, "r"))
    let to = try #require(fopen(target, "w"))
    defer {
      fclose(from)
      fclose(to)
    }
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, from)
      if count == 0 { return }
      #expect(fwrite(buffer, 1, count, to) == count)
    }
  }
}
