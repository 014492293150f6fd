// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import Synchronization

/// What the log of events hears of a device.
extension Device {
  /// Values of one request that its event shows.
  static let toldValues = 16

  /// A request that sets or takes back desired values.
  func event(
    of entries: some Collection<(place: Int, new: Desired?)>, in state: borrowing DeviceState, version: Int64,
    caller: Caller
  ) -> EventRecord {
    var values = JSON.Members()
    var words: [String] = []
    for (place, new) in entries {
      let property = state.properties[place].name
      values.append(property, new.map { .string($0.text) } ?? .null)
      words.append(new.map { "\(property) = \($0.text.prefix(64))" } ?? "\(property) taken back")
    }
    let isClear = entries.allSatisfy { $0.new == nil }
    return EventRecord(
      .change, isClear ? "clear" : "set", "\(name): \(words.joined(separator: ", "))", device: name,
      property: words.count == 1 ? values.all.first?.name : nil, caller: caller,
      details: ["desiredVersion": .int(version), "values": .object(values)])
  }

  /// What became of a desired value.
  func noteOutcome(_ desired: Desired, at place: Int, isExpired: Bool, in state: inout DeviceState) {
    guard context.events != nil, desired.state != .pending else { return }
    let property = state.properties[place].name
    let isApplied = desired.state == .applied
    let action = isApplied ? "applied" : isExpired ? "expired" : "failed"
    let reason = desired.error.isEmpty ? "" : ": " + desired.error
    state.untold.append(
      EventRecord(
        .outcome, action, "\(name): \(property) = \(desired.text.prefix(64)) \(action)\(reason)",
        level: isApplied ? .info : .warning, device: name, property: property, problem: desired.error,
        details: [
          "desiredVersion": .int(desired.version), "value": .string(desired.text),
          "attempts": .int(Int64(desired.attempts)),
        ]))
  }

  /// After the lock was left.
  func tellEvents() {
    guard let events = context.events else { return }
    let untold = state.withLock { state in
      defer { if !state.untold.isEmpty { state.untold = [] } }
      return state.untold
    }
    for event in untold { events.record(event) }
  }
}

extension EventRecord {
  static func declared(_ description: DeviceDescription, _ action: String) -> EventRecord {
    EventRecord(
      .change, action, "\(description.name) \(action == "declare" ? "declared" : "changed")",
      device: description.name, caller: .manifest(description.origin),
      details: ["model": .string(description.model)])
  }

  static func removed(_ name: DeviceName, origin: String) -> EventRecord {
    EventRecord(.change, "remove", "\(name) removed", device: name, caller: .manifest(origin))
  }
}

extension Caller {
  /// - Parameter origin: the file, or the cloud.
  static func manifest(_ origin: String) -> Caller { Caller(name: "manifest", source: origin, scope: .admin) }
}
