// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import MapperHost

/// Methods and discovery through a real library, wherever it runs.
@Suite(.timeLimit(.minutes(10))) struct RealOffersTests {
  private func bench(_ isolation: MapperReport.Isolation, _ fixture: String, _ settings: JSON.Members = [:])
    async throws -> (bench: HostBench, device: DeviceName, feed: RecordingTwin.Feed)
  {
    let bench = try await HostBench(runner: try FaultyMapper.runner(), isolation: isolation)
    let built = try FaultyMapper.build("PLAIN", source: fixture, in: "/Tests/Fixtures/mappers")
    guard rename(built, bench.dropped + "/\(fixture).so") == 0 else { throw TestError("rename: \(errno)") }
    let device = bench.describe("pump-1", protocolName: fixture, settings: settings)
    let feed = bench.declare(device)
    #expect(await eventually { feed.link == .online })
    return (bench, device.name, feed)
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `methods are called with values of every type`(_ isolation: MapperReport.Isolation) async throws {
    let (bench, device, _) = try await bench(isolation, "methods")
    func call(_ method: String, _ arguments: JSON.Members) async throws -> JSON {
      let outcome = try await bench.host.call(
        MethodCall(device: device, method: method, arguments: arguments, timeout: .seconds(30)))
      #expect(outcome.status == .ok, "\(outcome)")
      return outcome.result
    }
    #expect(try await call("nothing", [:]) == .null)
    #expect(try await call("negate", ["value": true]) == false)
    #expect(try await call("add", ["b": 2, "a": -3]) == -1)
    #expect(try await call("same", ["value": "18446744073709551615"]) == "18446744073709551615")
    #expect(try await call("half", ["value": 3]) == 1.5)
    #expect(try await call("reverse", ["value": "AQI="]) == "AgE=")
    await bench.finish()
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `a call that rests is cancelled`(_ isolation: MapperReport.Isolation) async throws {
    let (bench, device, _) = try await bench(isolation, "methods")
    let outcomes = Mutex<[Result<MethodOutcome, MethodError>]>([])
    let call = MethodCall(
      device: device, method: "rest", arguments: ["milliseconds": 60_000], timeout: .seconds(60))
    bench.host.call(call) { outcome in outcomes.withLock { $0.append(outcome) } }.cancel()
    #expect(await eventually { outcomes.withLock { $0.count } == 1 })
    guard case .success(let outcome) = outcomes.withLock({ $0.first }) else {
      Issue.record("\(outcomes.withLock { $0 })")
      return
    }
    #expect(outcome.status == .cancelled)
    await bench.finish()
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `devices are found, and describe themselves`(_ isolation: MapperReport.Isolation) async throws {
    let (bench, device, _) = try await bench(isolation, "scanner")
    let events = Mutex<[ScanEvent]>([])
    func ends(_ count: Int) async -> Bool {
      await eventually {
        events.withLock { $0.count { if case .ended = $0 { true } else { false } } } == count
      }
    }
    _ = try bench.host.scan(ScanRequest(driver: "scanner", options: ["count": 5])) { event in
      events.withLock { $0.append(event) }
    }
    #expect(await ends(1))
    var found = events.withLock { $0 }.compactMap { if case .found(let device) = $0 { device } else { nil } }
    #expect(found.count == 5 && found.allSatisfy { $0.driver == "scanner" })
    #expect(events.withLock { $0.last } == .ended(.ok, text: ""))
    _ = try bench.host.describe(device, timeout: .seconds(30)) { event in events.withLock { $0.append(event) }
    }
    #expect(await ends(2))
    found = events.withLock { $0 }.compactMap { if case .found(let device) = $0 { device } else { nil } }
    #expect(found.count == 6)
    await bench.finish()
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `a replaced library ends the scans of the one before`(_ isolation: MapperReport.Isolation) async throws
  {
    let (bench, _, _) = try await bench(isolation, "scanner")
    let events = Mutex<[ScanEvent]>([])
    _ = try bench.host.scan(ScanRequest(driver: "scanner", options: ["count": 1000, "pauseMs": 1000])) {
      event in
      events.withLock { $0.append(event) }
    }
    let built = try FaultyMapper.build("NEWER", source: "scanner", in: "/Tests/Fixtures/mappers")
    var bytes = try OpenFile(path: built).bytes(at: 0, count: 1 << 22)
    // Another content that means the same.
    bytes.append(0)
    try moveInto(bench.dropped + "/scanner.so", bytes)
    #expect(
      await eventually {
        if case .ended(let status, _) = events.withLock({ $0.last }) {
          return status == .cancelled || status == .unavailable
        }
        return false
      })
    await bench.finish()
  }
}
