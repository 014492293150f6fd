// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// A message on its way to the broker.
struct OutgoingMessage {
  let topic: MessageTopic
  var payload: [UInt8]
  let kind: MessageKind
  let quality: Int32
  let isRetained: Bool
}

/// How much was accepted and is not through yet, against the limits.
///
/// A message is through with the broker's acknowledgement (QoS 1) or when it is written (QoS 0).
struct PublishWindow {
  struct Load: Equatable {
    var messages = 0
    var bytes = 0
  }

  private let limit: Load
  private let telemetryLimit: Load
  private(set) var all = Load()
  private(set) var telemetry = Load()

  init(_ limits: EventBusOptions.Limits) {
    limit = Load(messages: max(limits.messages, 1), bytes: max(limits.bytes, 1))
    let share = min(max(limits.telemetryShare, 0), 1)
    telemetryLimit = Load(
      messages: Int(Double(limit.messages) * share), bytes: Int(Double(limit.bytes) * share))
  }

  var isEmpty: Bool { all.messages == 0 }

  /// False when there is no room.
  mutating func add(_ size: Int, _ kind: MessageKind) -> Bool {
    guard all.messages < limit.messages, all.bytes + size <= limit.bytes else { return false }
    if kind == .telemetry {
      guard telemetry.messages < telemetryLimit.messages, telemetry.bytes + size <= telemetryLimit.bytes
      else {
        return false
      }
      telemetry.messages += 1
      telemetry.bytes += size
    }
    all.messages += 1
    all.bytes += size
    return true
  }

  mutating func remove(_ load: Load, telemetry part: Load) {
    all.messages -= load.messages
    all.bytes -= load.bytes
    telemetry.messages -= part.messages
    telemetry.bytes -= part.bytes
  }
}
