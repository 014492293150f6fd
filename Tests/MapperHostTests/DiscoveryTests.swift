// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import MapperHost

@Suite(.timeLimit(.minutes(10))) struct DiscoveryTests {
  private final class Events: Sendable {
    private let events = Mutex<[ScanEvent]>([])
    func add(_ event: ScanEvent) { events.withLock { $0.append(event) } }
    var all: [ScanEvent] { events.withLock { $0 } }
    var isOver: Bool { if case .ended = all.last { true } else { false } }
  }

  private let pump = HostBench.name("pump-1")

  private func bench(_ script: String = "") async throws -> HostBench {
    let bench = try await HostBench(firstLook: [
      ("fake.so", "driver fake\noffers all\n\(script)\n"), ("plain.so", "driver plain\n"),
    ])
    let feed = bench.declare(bench.describe("pump-1"))
    bench.declare(bench.describe("plain-1", protocolName: "plain"))
    #expect(await eventually { feed.link == .online })
    #expect(await bench.becomes("plain.so", .running))
    return bench
  }

  private static let found = FoundDevice(
    driver: "fake", confidence: 80, name: "pump-1-a", title: "Pump of Acme", settings: ["unit": 1],
    properties: [
      .init(
        name: "level", summary: "of water", type: .int, isWritable: true, unit: "m", settings: ["register": 4]
      )
    ])

  @Test func `a scan tells what it finds, and leaves out what makes no sense`() async throws {
    let bench = try await bench()
    let events = Events()
    _ = try bench.host.scan(ScanRequest(driver: "fake", options: ["to": 9])) { events.add($0) }
    #expect(await eventually { events.isOver })
    #expect(
      events.all == [
        .progress(done: 1, total: 2, text: "unit 1"), .found(Self.found), .ended(.ok, text: ""),
      ])
    #expect(
      bench.lines.all.contains {
        $0.hasPrefix("warning a found device was left out: its settings are no JSON")
      })
    #expect(
      bench.lines.all.contains(
        "warning a property of a found device was left out: the settings of broken are no JSON object"))
    await bench.finish()
  }

  @Test func `a device is described`() async throws {
    let bench = try await bench()
    let events = Events()
    #expect(
      await eventually {
        (try? bench.host.describe(pump, timeout: .seconds(5), onEvent: { events.add($0) })) != nil
      })
    #expect(await eventually { events.isOver })
    #expect(events.all.contains(.found(Self.found)))
    await bench.finish()
  }

  @Test func `what cannot be scanned is told, and why`() async throws {
    let bench = try await bench()
    let scan = { (request: ScanRequest) throws(DiscoveryError) in
      _ = try bench.host.scan(request) { _ in }
    }
    #expect(throws: DiscoveryError.driverNotFound("fak", available: ["fake", "plain"])) {
      try scan(ScanRequest(driver: "fak"))
    }
    #expect(throws: DiscoveryError.cannotScan(driver: "plain")) { try scan(ScanRequest(driver: "plain")) }
    #expect(
      throws: DiscoveryError.invalidOptions([
        "options.to: 10: expected a whole number up to 9", "options.from: expected one of to",
      ])
    ) {
      try scan(ScanRequest(driver: "fake", options: ["to": 10, "from": 1]))
    }
    #expect(throws: DiscoveryError.deviceNotFound(HostBench.name("nobody"))) {
      _ = try bench.host.describe(HostBench.name("nobody"), timeout: .seconds(1)) { _ in }
    }
    #expect(
      await eventually {
        do throws(DiscoveryError) {
          _ = try bench.host.describe(HostBench.name("plain-1"), timeout: .seconds(1)) { _ in }
          return false
        } catch {
          return error == .cannotDescribe(driver: "plain")
        }
      })
    await bench.finish()
  }

  @Test func `a scan is cancelled`() async throws {
    let bench = try await bench("scan silent")
    let events = Events()
    let work = try bench.host.scan(ScanRequest(driver: "fake")) { events.add($0) }
    work.cancel()
    #expect(await eventually { events.all == [.ended(.cancelled, text: "stopped")] })
    await bench.finish()
    #expect(events.all.count == 1)
  }

  @Test func `no more than four scans of a mapper run`() async throws {
    let bench = try await bench("scan silent")
    let events = Events()
    for _ in 0..<4 { _ = try bench.host.scan(ScanRequest(driver: "fake")) { events.add($0) } }
    #expect(throws: DiscoveryError.busy) {
      _ = try bench.host.scan(ScanRequest(driver: "fake")) { events.add($0) }
    }
    await bench.finish()
    #expect(events.all.count == 4 && events.isOver)
  }

  @Test func `a dead runner ends its scans, and is down until it is back`() async throws {
    let bench = try await bench("scan crash")
    let events = Events()
    _ = try bench.host.scan(ScanRequest(driver: "fake")) { events.add($0) }
    #expect(await eventually { events.isOver })
    guard case .ended(.unavailable, let text) = events.all.last else {
      Issue.record("\(events.all)")
      return
    }
    #expect(text.hasPrefix("signal 11 (SIGSEGV)"))
    await bench.finish()
  }

  @Test(arguments: [
    ("pump-1", "pump-1"), ("Pump_1.A!", "pump-1-a"), ("--Ünit 7--", "nit-7"), ("", ""), ("?!", ""),
    (String(repeating: "ab", count: 40), String(repeating: "ab", count: 31) + "a"),
  ])
  func `a proposed name becomes a valid one`(_ proposal: String, _ name: String) {
    #expect(FoundDevice.validName(proposal) == name)
  }
}
