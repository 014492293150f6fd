// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Synchronization

final class FakeMappers: MapperDirectory {
  func mappers() -> [MapperReport] {
    var report = MapperReport(file: "modbus.so", hash: "0123456789abcdef", state: .running)
    report.name = "modbus"
    report.processID = 4711
    report.drivers = [
      .init(
        id: "modbus", title: "Modbus", deviceSchema: #"{"type":"object"}"#, pointSchema: "not JSON",
        extensions: ["mapper.subscribe/1"], methods: [FakeMethods.all[0]],
        scanSchema: #"{"type":"object","properties":{}}"#, canScan: true)
    ]
    report.counters.reads = 12
    return [report]
  }
}

final class FakeNode: NodeStatus {
  private let reasons = Mutex<[String]>([])

  func setNotReady(_ texts: [String]) { reasons.withLock { $0 = texts } }

  func node() -> NodeReport {
    NodeReport(
      name: "edge-1", version: "1.2.3", startTime: 1_000_000_000, modules: ["deviceTwin", "twinAPI"],
      counters: ["deviceTwin": ["updates": 7]], notReady: reasons.withLock { $0 })
  }
}

/// Takes texts that begin with `kind:`.
final class FakeManifests: ManifestStore {
  let texts = Mutex<[String]>([])

  func apply(_ text: String, source: String) throws(ManifestError) -> [ManifestChange] {
    guard text.hasPrefix("kind:") else {
      throw .invalid([
        ManifestProblem(file: source, line: 1, path: "kind", value: "", expected: "Device or DeviceModel"),
        ManifestProblem(file: source, line: 0, path: "", value: "", expected: "at least one object"),
      ])
    }
    texts.withLock { $0.append(text) }
    return [ManifestChange(kind: "Device", namespace: "default", name: "pump-1", outcome: .created)]
  }

  func delete(kind: String, namespace: String, name: String) throws(ManifestError) -> ManifestChange {
    switch name {
    case "pump-1": return ManifestChange(kind: kind, namespace: namespace, name: name, outcome: .deleted)
    case "shared": throw .shared(file: "all.yaml", objects: ["Device default/other"])
    default: throw .notFound("\(kind) \(namespace)/\(name)")
    }
  }

  func problems() -> [ManifestProblem] {
    [ManifestProblem(file: "bad.yaml", line: 3, path: "spec.x", value: "1", expected: "a string")]
  }
}

extension DeviceName {
  static func test(_ text: String) -> DeviceName {
    guard let name = DeviceName(parsing: text) else { fatalError("\(text) is not a device name") }
    return name
  }
}

extension DeviceSnapshot {
  /// A device with a writable `setpoint` (22 desired at version 3) and a read-only `temperature`.
  static func test(
    _ text: String, state: LinkState = .online, labels: [String: String] = [:],
    protocolName: String? = "modbus"
  ) -> DeviceSnapshot {
    DeviceSnapshot(
      name: .test(text), model: "pump", labels: labels, protocolName: protocolName,
      link: LinkSnapshot(state: state, reason: "", since: 1_000_000_000, lastOnline: 2_000_000_000),
      desiredVersion: 3, reportedVersion: 41,
      properties: [
        PropertySnapshot(
          name: "setpoint", type: .int, isWritable: true, minimum: 0, maximum: 100, unit: "°C",
          isMapped: true,
          reported: ReportedSnapshot(
            value: .int(21), quality: .good, sourceTime: 0, time: 1_500_000_000, failure: nil),
          desired: DesiredSnapshot(
            value: .int(22), version: 3, time: 1_000_000_000, origin: .api, state: .applied, error: "",
            attempts: 1,
            stateTime: 1_200_000_000), inSync: false, change: 5),
        PropertySnapshot(
          name: "temperature", type: .float, isWritable: false, minimum: nil, maximum: nil, unit: nil,
          isMapped: true,
          reported: ReportedSnapshot(
            value: .float(21.1), quality: .stale, sourceTime: 1_400_000_000, time: 1_500_000_000,
            failure: SampleFailure(status: .timeout, text: "unit 3 did not answer")),
          desired: nil, inSync: true, change: 6),
      ], change: 6, sequence: 12)
  }
}
