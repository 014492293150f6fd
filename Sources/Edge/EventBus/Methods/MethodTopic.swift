// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// `$ke/events/device/<namespace>/<name>/method/<method>/call`
struct MethodTopic {
  static let pattern = "$ke/events/device/+/+/method/+/call"

  let namespace: String
  let name: String
  let method: String
  /// Where the answer goes.
  let result: MessageTopic

  /// Nil for every other topic.
  init?(_ topic: String) {
    guard topic.utf8.starts(with: "$ke/".utf8) else { return nil }
    let levels = topic.split(separator: "/", maxSplits: 8, omittingEmptySubsequences: false)
    guard levels.count == 8, levels[1] == "events", levels[2] == "device", levels[5] == "method",
      levels[7] == "call"
    else { return nil }
    namespace = String(levels[3])
    name = String(levels[4])
    method = String(levels[6])
    result = MessageTopic(topic + "/result")
  }

  /// Nil when no device can have this name.
  var device: DeviceName? { DeviceName(namespace: namespace, name: name) }
}
