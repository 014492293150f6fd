// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The node at one moment.
struct TopSnapshot: Sendable {
  /// CLOCK_MONOTONIC, nanoseconds.
  var moment: Int64
  var node: JSON
  var mappers: [JSON]
  var devices: [JSON]
  /// Of the agent and of runners, by process; those of this machine only.
  var usage: [Int32: LocalAgent.Usage] = [:]
  var agent: Int32?

  static func take(_ client: AgentClient, filter: [(String, String)]) async throws(Failure)
    -> TopSnapshot
  {
    let node = try await client.send(.get, ["v1", "node"]).json
    let mappers = try await client.send(.get, ["v1", "mappers"]).json["items"]?.array ?? []
    let devices = try await client.devices(filter + [("limit", "5000")])
    return TopSnapshot(moment: WallClock.monotonic, node: node, mappers: mappers, devices: devices)
  }

  /// Adds what the kernel says of the processes. Blocks for moments.
  mutating func measure(socket: String) {
    agent = LocalAgent(socket: socket)?.id
    for id in [agent].compactMap({ $0 }) + mappers.compactMap(Self.process) {
      usage[id] = LocalAgent.usage(of: id)
    }
  }

  static func process(of mapper: JSON) -> Int32? {
    mapper["processID"]?.int.flatMap { Int32(exactly: $0) }
  }
}

/// What changed between two moments, a second.
struct TopRates {
  let now: TopSnapshot
  private let seconds: Double
  private let versions: [String: Int64]
  private let samples: [String: Int64]
  private let usage: [Int32: LocalAgent.Usage]

  init(from before: TopSnapshot, to now: TopSnapshot) {
    self.now = now
    seconds = max(0.001, Double(now.moment - before.moment) / 1e9)
    versions = Dictionary(
      before.devices.map { (DeviceRow.name(of: $0), $0["reportedVersion"]?.int ?? 0) },
      uniquingKeysWith: max)
    samples = Dictionary(
      before.mappers.map { ($0["path"]?.string ?? "", Self.samples(of: $0)) }, uniquingKeysWith: max
    )
    usage = before.usage
  }

  /// Durable reports of a device; nil: it is new.
  func reports(of device: JSON) -> Double? {
    guard let before = versions[DeviceRow.name(of: device)] else { return nil }
    return max(0, Double((device["reportedVersion"]?.int ?? 0) - before) / seconds)
  }

  /// Samples of a mapper; nil: it is new, or began anew.
  func samples(of mapper: JSON) -> Double? {
    guard let before = samples[mapper["path"]?.string ?? ""] else { return nil }
    let count = Self.samples(of: mapper) - before
    return count >= 0 ? Double(count) / seconds : nil
  }

  /// Percent of one processor; nil where it cannot be told.
  func processor(of id: Int32?) -> Double? {
    guard let id, let now = now.usage[id], let before = usage[id], now.seconds >= before.seconds
    else { return nil }
    return (now.seconds - before.seconds) / seconds * 100
  }

  func memory(of id: Int32?) -> Int64? { id.flatMap { now.usage[$0]?.memory } }

  private static func samples(of mapper: JSON) -> Int64 { mapper["counters"]?["samples"]?.int ?? 0 }
}
