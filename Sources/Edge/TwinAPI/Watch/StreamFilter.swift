// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What one stream follows. Streams of equal filters share their events.
struct StreamFilter: Sendable, Hashable {
  let devices: DeviceFilter
  /// Nil: every property.
  let properties: Set<String>?

  /// Equal filters have equal names; others may share one.
  func hash(into hasher: inout Hasher) {
    hasher.combine(devices.device)
    hasher.combine(devices.namespaces)
    hasher.combine(properties)
  }
}

/// Where a stream goes on.
enum StreamStart: Sendable, Equatable {
  case beginning
  /// Everything up to this position has been seen, in this run of the agent.
  case after(UInt64)
  /// What was seen is not known any more: the reader has to forget it.
  case reset

  /// Reads `<epoch>-<position>`, the id of an event.
  init(_ text: String, epoch: Int64) throws(Problem) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let run = Int64(parts[0]), let position = UInt64(parts[1]) else {
      throw Query.problem("after=\(text)", expected: "the id of an event")
    }
    self = run != epoch ? .reset : position == 0 ? .beginning : .after(position)
  }
}
