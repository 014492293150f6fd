// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import MapperHost

/// The host with a runner that misbehaves on demand.
@Suite(.timeLimit(.minutes(10))) struct MapperHostTests {
  // MARK: - Coming alive

  @Test(arguments: ["device, mapper", "mapper, device"])
  func `a device comes alive when the last of what it needs arrives`(_ order: String) async throws {
    let bench = try await HostBench()
    let feed: RecordingTwin.Feed
    if order == "device, mapper" {
      feed = bench.declare(bench.describe("pump-1"))
      #expect(await eventually { feed.link == .unavailable })
      #expect(feed.reason == "no mapper for protocol fake")
      try bench.drop("fake.so", "driver fake\n")
    } else {
      try bench.drop("fake.so", "driver fake\n")
      #expect(await bench.becomes("fake.so", .running))
      feed = bench.declare(bench.describe("pump-1"))
    }
    #expect(await eventually { feed.link == .online && !feed.now.samples.isEmpty })
    #expect(feed.now.samples == [Sample(property: 1, quality: .good, value: .int(42))])
    #expect(feed.now.links.map(\.state).suffix(2) == [.connecting, .online])
    #expect(feed.now.driver != nil)
    #expect(feed.now.overlaps == 0)
    let report = try #require(bench.mapper("fake.so"))
    #expect(
      report.name == "fake" && report.version == "1.2.3" && report.hash.count == 16 && report.processID > 0)
    #expect(report.drivers.map(\.id) == ["fake"])
    #expect(
      report.counters.reads == 11 && report.counters.droppedSamples == 17 && report.counters.devices == 1)
    await bench.finish()
    #expect(feed.link == .unavailable && feed.now.driver == nil)
    #expect(feed.reason == "the agent is stopping")
  }

  @Test func `a device whose library is there at the start is told nothing before it is bound`() async throws
  {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    #expect(feed.now.links.map(\.state) == [.connecting, .online])
    await bench.finish()
  }

  @Test func `a device without a protocol is left alone`() async throws {
    let bench = try await HostBench()
    var device = bench.describe("radio")
    device.protocolName = nil
    let feed = bench.declare(device)
    let other = bench.declare(bench.describe("other"))
    #expect(await eventually { other.link == .unavailable })
    #expect(feed.now.links.isEmpty)
    await bench.finish()
    #expect(feed.now.links.isEmpty)
  }

  @Test func `the host waits for a twin that is declared later`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")])
    bench.host.deviceChanged(bench.describe("pump-1"))
    #expect(await bench.becomes("fake.so", .running))
    let feed = bench.twin.add(HostBench.name("pump-1"))
    #expect(await eventually { feed.link == .online })
    await bench.finish()
  }

  // MARK: - Settings

  @Test func `wrong settings make a device unavailable, right ones bring it back`() async throws {
    let schema =
      #"{"type":"object","properties":{"port":{"type":"integer","maximum":9}},"additionalProperties":false}"#
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nschema \(schema)\n")])
    let feed = bench.declare(bench.describe("pump-1", settings: ["port": 10, "prot": 1]))
    #expect(await eventually { feed.link == .unavailable })
    #expect(
      feed.reason.contains("protocol.configData.port: 10: expected a whole number up to 9"), "\(feed.reason)")
    #expect(feed.reason.contains("protocol.configData.prot: expected one of port"), "\(feed.reason)")
    bench.declare(bench.describe("pump-1", settings: ["port": 9]))
    #expect(await eventually { feed.link == .online })
    await bench.finish()
  }

  @Test func `a driver's refusal of a device is told, and final until something changes`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nbind refuse\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .unavailable })
    #expect(feed.reason == "unit 0 is no unit")
    try bench.drop("fake.so", "driver fake\n")
    #expect(await eventually { feed.link == .online })
    await bench.finish()
  }

  @Test func `a refusal that may pass is tried again`() async throws {
    let schema = #"{"type":"object"}"#
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nschema \(schema)\nbind busy\n")])
    let feed = bench.declare(bench.describe("pump-1", settings: ["backoffMinMs": 20]))
    #expect(await eventually { feed.link == .online })
    #expect(feed.now.links.first?.reason == "no lane is free")
    await bench.finish()
  }

  // MARK: - Changes of devices

  @Test func `a changed description is bound anew, an equal one is not`() async throws {
    let schema = #"{"type":"object"}"#
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nschema \(schema)\n")])
    var device = bench.describe("pump-1", settings: ["ip": "1"])
    let feed = bench.declare(device)
    #expect(await eventually { feed.now.samples.count == 1 })
    device.labels = ["rack": "4"]
    bench.declare(device)
    // The twin's new form is attached to; the driver is not asked again.
    #expect(await eventually { feed.now.attached == 2 })
    #expect(feed.now.samples.count == 1)
    device.settings = ["ip": "2"]
    bench.declare(device)
    #expect(
      await eventually { feed.now.attached == 3 && feed.now.samples.count == 2 && feed.link == .online })
    #expect(feed.now.overlaps == 0)
    bench.host.deviceRemoved(device.name)
    #expect(await eventually { feed.now.driver == nil })
    await bench.finish()
  }

  @Test func `a device whose driver does not let go goes on after its time`() async throws {
    let schema = #"{"type":"object"}"#
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nschema \(schema)\nbind silent\n")])
    let settings: JSON.Members = ["callTimeoutMs": 1, "openTimeoutMs": 1]
    let feed = bench.declare(bench.describe("pump-1", settings: settings))
    #expect(await bench.becomes("fake.so", .running))
    var device = bench.describe("pump-1", settings: settings)
    device.protocolName = "other"
    bench.declare(device)
    #expect(await eventually { feed.link == .unavailable && feed.reason == "no mapper for protocol other" })
    await bench.finish()
  }

  // MARK: - Writes

  private func write(_ driver: any DeviceDriver, _ properties: [Int]) -> Box {
    let box = Box()
    driver.write(properties.map { PropertyWrite(property: $0, value: .int(7)) }) { box.put($0) }
    return box
  }

  private final class Box: Sendable {
    private let outcomes = Mutex<[[WriteOutcome]]>([])
    func put(_ outcome: [WriteOutcome]) { outcomes.withLock { $0.append(outcome) } }
    var all: [[WriteOutcome]] { outcomes.withLock { $0 } }
  }

  @Test func `a write is answered for each value, unmapped ones as unsupported`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.now.driver != nil })
    let driver = try #require(feed.now.driver)
    let box = write(driver, [1, 0, 99])
    #expect(await eventually { !box.all.isEmpty })
    #expect(box.all.first?.map(\.status) == [.ok, .unsupported, .unsupported])
    #expect(write(driver, [0]).all.first?.map(\.status) == [.unsupported])
    await bench.finish()
    #expect(box.all.count == 1)
  }

  @Test func `writes under way when the runner dies are unavailable, and end once`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nwrite crash\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.now.driver != nil })
    let driver = try #require(feed.now.driver)
    let boxes = (0..<20).map { _ in write(driver, [1]) }
    #expect(await eventually { boxes.allSatisfy { $0.all.first?.first?.status == .unavailable } })
    #expect(
      await eventually {
        bench.mapper("fake.so")?.lastFault == "signal 11 (SIGSEGV) in write of default/pump-1"
      })
    let late = Box()
    driver.write([PropertyWrite(property: 1, value: .int(1))]) { late.put($0) }
    #expect(late.all.first?.first?.status == .unavailable)
    await bench.finish()
    #expect(boxes.allSatisfy { $0.all.count == 1 })
  }

  @Test func `more writes than can wait are turned away as busy and counted`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nwrite silent\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.now.driver != nil })
    let driver = try #require(feed.now.driver)
    let boxes = (0..<(WaitingRequests.writeLimit + 5)).map { _ in write(driver, [1]) }
    #expect(boxes.suffix(5).allSatisfy { $0.all.first?.first?.status == .busy })
    // The runner is asked for its own once it has taken what waits.
    #expect(await eventually { bench.mapper("fake.so")?.counters.writeFailures == 14 + 5 })
    await bench.finish()
    #expect(boxes.allSatisfy { $0.all.count == 1 })
  }

  // MARK: - Faults

  @Test(arguments: [
    ("refuse", "no mapper_entry"), ("exit", "exit status 3 in load of the library"),
    ("abort", "signal 6 (SIGABRT) in load of the library"),
    ("crash", "signal 11 (SIGSEGV) in load of the library"),
    ("hang", "the library was not loaded within 3000 ms"),
    ("noise", "malformed frame: size 7; it was killed"),
    ("deaf", "it closed its socket but did not end; it was killed"),
  ])
  func `a library that fails to load is refused with the reason`(_ mode: String, _ reason: String)
    async throws
  {
    let bench = try await HostBench(firstLook: [("bad.so", "driver fake\nload \(mode)\n")]) {
      // The others are as quick as the machine is.
      if mode == "hang" { $0.readerLimits.load = 3_000_000_000 }
      if mode == "deaf" { $0.readerLimits.end = 50_000_000 }
    }
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await bench.becomes("bad.so", .refused))
    let report = try #require(bench.mapper("bad.so"))
    #expect(report.message == reason)
    // What says no is believed at once; what dies in loading is tried three times.
    #expect(report.restarts == (mode == "refuse" ? 0 : 2) && report.processID == 0)
    #expect(await eventually { feed.reason == "no mapper for protocol fake" })
    // The same content put there once more is tried once more, a better one is taken.
    try bench.drop("bad.so", "driver fake\n")
    #expect(await eventually { feed.link == .online })
    await bench.finish()
  }

  @Test func `a crash is explained, the device is unavailable, and the runner comes back at its back-off`()
    async throws
  {
    let bench = try await HostBench(firstLook: [
      ("fake.so", "driver fake\nbind crash\n"), ("good.so", "driver good\n"),
    ])
    let good = bench.declare(bench.describe("good-1", protocolName: "good"))
    let feed = bench.declare(bench.describe("pump-1"))
    let fault = "signal 11 (SIGSEGV) in read of default/pump-1"
    #expect(await eventually { feed.reason == "mapper fake is down: \(fault)" })
    #expect(await eventually { (bench.mapper("fake.so")?.restarts ?? 0) >= 3 })
    let report = try #require(bench.mapper("fake.so"))
    #expect(report.lastFault == fault && report.lastFaultTime > 0)
    #expect(bench.lines.all.contains("error mapper runner ended: \(fault)"))
    #expect(good.now.links.map(\.state) == [.connecting, .online])
    await bench.finish()
  }

  @Test func `noise after loading costs the runner its life, with a reason`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nbind noise\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.reason == "mapper fake is down: malformed frame: size 7; it was killed" })
    await bench.finish()
  }

  @Test func `what a driver prints goes to the log, without control characters`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nbind print\n")])
    bench.declare(bench.describe("pump-1"))
    #expect(
      await eventually { bench.lines.all.contains("notice hello from the driver?[2J") }, "\(bench.lines.all)")
    await bench.finish()
  }

  @Test func `a runner that does not stop is killed`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\nstop hang\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    await bench.finish()
    #expect(feed.link == .unavailable)
  }

  @Test func `a runner that is killed from outside comes back`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    let process = try #require(bench.mapper("fake.so")?.processID)
    #expect(process > 0)
    kill(process, SIGKILL)
    #expect(await eventually { feed.now.samples.count == 2 && feed.link == .online })
    #expect(bench.mapper("fake.so")?.lastFault == "signal 9 (SIGKILL)")
    #expect(feed.now.links.map(\.state) == [.connecting, .online, .unavailable, .connecting, .online])
    await bench.finish()
  }

  @Test func `a host without its runner program does not start`() async throws {
    await #expect(throws: MapperHost.StartError.self) {
      try await HostBench(runner: "/nowhere/mapper-runner")
    }
  }

  // MARK: - Files

  @Test func `a replaced library takes the devices over`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    let before = try #require(bench.mapper("fake.so"))
    try bench.drop("fake.so", "driver fake\n# better\n")
    #expect(await eventually { feed.now.samples.count == 2 })
    let after = try #require(bench.mapper("fake.so"))
    #expect(after.hash != before.hash && after.processID != before.processID)
    #expect(!feed.now.links.map(\.state).contains(.unavailable))
    #expect(await eventually { kill(before.processID, 0) != 0 })
    // Its snapshot went with it.
    #expect(
      await eventually { (try? Folder.names(in: bench.root.path + "/snapshots")) == [after.hash + ".so"] })
    #expect(feed.now.overlaps == 0)
    await bench.finish()
  }

  @Test func `a bad replacement leaves the old one running and says why`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    let before = try #require(bench.mapper("fake.so"))
    try bench.drop("fake.so", "driver fake\nload crash\n")
    #expect(await eventually { bench.mapper("fake.so")?.message.isEmpty == false })
    let after = try #require(bench.mapper("fake.so"))
    #expect(
      after.message.hasSuffix(
        "was refused: signal 11 (SIGSEGV) in load of the library; the one from before still runs"))
    #expect(after.hash == before.hash && after.processID == before.processID && after.state == .running)
    // And so does a file that is no library at all.
    try moveInto(bench.dropped + "/fake.so", Array("oops".utf8))
    #expect(await eventually { bench.mapper("fake.so")?.message.hasPrefix("not a shared library") == true })
    #expect(feed.now.links.map(\.state) == [.connecting, .online])
    await bench.finish()
  }

  @Test func `a removed library leaves its devices unavailable until it is back`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    let process = try #require(bench.mapper("fake.so")?.processID)
    unlink(bench.dropped + "/fake.so")
    #expect(await eventually { feed.link == .unavailable })
    #expect(feed.reason == "no mapper for protocol fake: fake.so was removed")
    #expect(await bench.becomes("fake.so", .removed))
    #expect(await eventually { kill(process, 0) != 0 })
    try bench.drop("fake.so", "driver fake\n")
    #expect(await eventually { feed.link == .online })
    await bench.finish()
  }

  @Test func `of two libraries with one driver the folder order decides, and the loser says so`() async throws
  {
    let bench = try await HostBench()
    try moveInto(bench.packaged + "/a.so", FakeLibrary.bytes("driver fake\n# packaged\n"))
    #expect(await bench.becomes("a.so", .running))
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    try bench.drop("b.so", "driver fake\n# dropped\n")
    #expect(await eventually { feed.now.samples.count == 2 && bench.mapper("b.so")?.state == .running })
    #expect(
      await eventually { bench.mapper("a.so")?.message == "driver fake is served by \(bench.dropped)/b.so" })
    // The loser stands in when the winner goes.
    unlink(bench.dropped + "/b.so")
    #expect(await eventually { feed.now.samples.count == 3 && feed.link == .online })
    #expect(!feed.now.links.map(\.state).contains(.unavailable))
    await bench.finish()
  }

  @Test func `a hundred devices are bound, and each has its own samples`() async throws {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\n")])
    let feeds = (0..<100).map { bench.declare(bench.describe("pump-\($0)")) }
    #expect(await eventually { feeds.allSatisfy { $0.link == .online && $0.now.samples.count == 1 } })
    await bench.finish()
  }
}
