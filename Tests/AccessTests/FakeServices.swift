// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Synchronization

/// One device, `default/pump-1`, that takes every value.
final class FakeTwins: TwinAccess {
  let callers = Mutex<[Caller]>([])
  static let pump = DeviceSnapshot(
    name: DeviceName(namespace: "default", name: "pump-1")!, model: "pump", labels: [:],
    protocolName: "modbus",
    link: LinkSnapshot(state: .online), desiredVersion: 1, reportedVersion: 1, properties: [], change: 1,
    sequence: 1)

  let epoch: Int64 = 1

  func deviceNames() -> [DeviceName] { [Self.pump.name] }
  func device(_ name: DeviceName) -> DeviceSnapshot? { name == Self.pump.name ? Self.pump : nil }
  func device(_ name: DeviceName, after change: UInt64?, only names: Set<String>?) -> DeviceSnapshot? {
    device(name)
  }
  func read<Result>(_ name: DeviceName, _ body: (any DeviceView) -> Result) -> Result? {
    device(name).map { body($0) }
  }
  func removals(after position: UInt64) -> [DeviceName]? { [] }
  func watch(_ filter: WatchFilter) -> any TwinWatch { NoWatch() }
  func follow(_ wake: @escaping @Sendable () -> Void) -> any TwinFollower { NoFollower() }

  func setDesired(
    _ changes: [DesiredChange], of device: DeviceName, origin: DesiredOrigin, caller: Caller,
    ifVersion: Int64?
  ) async throws(TwinError) -> DeviceSnapshot {
    callers.withLock { $0.append(caller) }
    guard let device = self.device(device) else { throw .deviceNotFound(device) }
    if let ifVersion, ifVersion != 1 { throw .conflict(current: 1) }
    return device
  }

  func apply(_ batch: TwinBatch, caller: Caller) async throws(TwinBatch.Refusal) -> [TwinBatch.Outcome] { [] }
}

private final class NoWatch: TwinWatch {
  func next() async -> TwinChange? { nil }
  func cancel() {}
}

private final class NoFollower: TwinFollower {
  func take() -> TwinNotes { TwinNotes(notes: [], position: 0) }
  func cancel() {}
}

final class FakeMappers: MapperDirectory, MethodService, DiscoveryService {
  func mappers() -> [MapperReport] {
    var report = MapperReport(file: "/x/mod\"bus.so", hash: "0", state: .running)
    report.restarts = 3
    report.counters.reads = 12
    report.counters.readFailures = 2
    return [report]
  }

  func methods(of device: DeviceName) throws(MethodError) -> [MethodDescription] { [] }

  func call(
    _ call: MethodCall, completion: @escaping @Sendable (Result<MethodOutcome, MethodError>) -> Void
  ) -> any OngoingWork {
    completion(.failure(.notDriven(call.device, reason: "a test")))
    return NoWork()
  }

  func scan(
    _ request: ScanRequest, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork {
    throw .driverNotFound(request.driver, available: [])
  }

  func describe(
    _ device: DeviceName, timeout: Duration, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork {
    throw .notRunning("a test")
  }
}

private final class NoWork: OngoingWork {
  func cancel() {}
}

final class FakeNode: NodeStatus {
  func node() -> NodeReport {
    let store: JSON = ["commits": 4, "queueDepth": 1]
    return NodeReport(
      name: "edge-1", version: "1.2.3", startTime: 1_000_000_000, modules: ["twinAPI"],
      counters: [
        "deviceTwin": ["requests": 7, "refused": 1, "store": store, "watchers": 2],
        "eventBus": [["address": "127.0.0.1:1884", "connected": true, "droppedTelemetry": 5]],
        "push": [["name": "http", "sent": 9, "novel": 3]],
      ])
  }
}

final class FakeManifests: ManifestStore {
  func apply(_ text: String, source: String) throws(ManifestError) -> [ManifestChange] {
    [ManifestChange(kind: "Device", namespace: "default", name: "pump-1", outcome: .created)]
  }

  func delete(kind: String, namespace: String, name: String) throws(ManifestError) -> ManifestChange {
    throw .notFound("\(kind) \(namespace)/\(name)")
  }

  func problems() -> [ManifestProblem] { [] }
}
