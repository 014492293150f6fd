// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The same desired values for several devices, in one request.
struct TwinUpdate {
  let devices: [DeviceName]
  let assignments: [Assignment]
  let conditions: JSON.Members
  /// One by one, in place of all or none.
  let isEach: Bool
  /// How long to wait until they are applied; nil: not at all.
  let timeout: String?

  private static let pause = Duration.milliseconds(200)

  var request: JSON {
    let properties = JSON.object(Assignment.properties(assignments, conditions: conditions))
    return [
      "mode": .string(isEach ? "each" : "all"),
      "desired": .array(
        devices.map { ["device": .string($0.description), "properties": properties] }),
    ]
  }

  func run(_ client: AgentClient, on terminal: Terminal) async throws {
    let reply = try await client.send(
      .post, ["v1", "batch"], body: request.text, within: .seconds(30))
    var refused = 0
    var versions: [(device: DeviceName, version: Int64)] = []
    for result in reply.json["results"]?.array ?? [] {
      let name = result["device"]?.string ?? ""
      if let problem = result["problem"] {
        refused += 1
        let status = Int(problem["status"]?.int ?? 0)
        terminal.error("\(name): \(Failure(status: status, body: problem.text).message)\n")
      } else if let device = DeviceName(parsing: name) {
        versions.append((device, result["desiredVersion"]?.int ?? 0))
        if timeout == nil { terminal.out("\(name): \(summary)\n") }
      }
    }
    var failed = 0
    if let timeout { failed = try await wait(versions, timeout, client, on: terminal) }
    guard refused + failed == 0 else {
      throw Failure(
        .failed, "\(refused + failed) of \(devices.count) devices did not take the values")
    }
  }

  /// `setpoint=22 mode-`
  private var summary: String {
    assignments.map { Table.Cell($0.property + ($0.value.map { "=" + $0 } ?? "-")).text }.joined(
      separator: " ")
      + " is desired"
  }

  /// - Returns: how many devices failed, or were asked for something else meanwhile.
  private func wait(
    _ versions: [(device: DeviceName, version: Int64)], _ timeout: String, _ client: AgentClient,
    on terminal: Terminal
  ) async throws -> Int {
    let end = ContinuousClock.now.advanced(by: Duration(parsing: timeout) ?? .zero)
    var waiting = versions
    var failed = 0
    while true {
      var still: [(device: DeviceName, version: Int64)] = []
      for (device, version) in waiting {
        let twin = try await client.send(.get, ["v1", "devices", device.namespace, device.name])
          .json
        switch Self.fate(of: assignments, version: version, twin: twin) {
        case .pending: still.append((device, version))
        case .settled(let isGood):
          if !isGood { failed += 1 }
          for line in TwinSet.report(assignments, twin: twin, on: terminal).split(separator: "\n") {
            terminal.out("\(device) \(line)\n")
          }
        case .replaced:
          failed += 1
          terminal.out("\(device) somebody else has set another value\n")
        }
      }
      waiting = still
      if waiting.isEmpty { return failed }
      guard ContinuousClock.now < end else { break }
      try await Task.sleep(for: Self.pause)
    }
    throw Failure(
      .timeout, "not applied within \(timeout): " + Self.list(waiting.map(\.device)),
      hint: "The values stay desired, and the agent keeps trying.")
  }

  enum Fate: Equatable {
    case pending
    case settled(isGood: Bool)
    case replaced
  }

  /// What became of the values in a twin.
  static func fate(of assignments: [Assignment], version: Int64, twin: JSON) -> Fate {
    var isGood = true
    for assignment in assignments where assignment.value != nil {
      guard let desired = twin["properties"]?[assignment.property]?["desired"] else {
        return .replaced
      }
      if let now = desired["version"]?.int, now > version { return .replaced }
      switch desired["state"]?.string {
      case "pending": return .pending
      case "failed": isGood = false
      default: break
      }
    }
    return .settled(isGood: isGood)
  }

  private static func list(_ names: [DeviceName]) -> String {
    let shown = names.prefix(5).map(\.description).joined(separator: ", ")
    return names.count > 5 ? shown + " and \(names.count - 5) more" : shown
  }
}
