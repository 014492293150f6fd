// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// A property and one of its push methods.
final class PushTarget: Sendable {
  let device: DeviceName
  let property: String
  let type: PropertyType
  let unit: String?
  let method: PushMethod
  /// Of MQTT, made once.
  let topic: MessageTopic?

  init(device: DeviceName, property: PropertyDescription, method: PushMethod) {
    self.device = device
    self.property = property.name
    type = property.type
    unit = property.unit
    self.method = method
    if case .mqtt(let mqtt) = method { topic = MessageTopic(mqtt.topic) } else { topic = nil }
  }
}

/// A value on its way to a destination.
struct PushItem: Sendable {
  let target: PushTarget
  let value: Value
  /// Unix nanoseconds: the device's clock if it has one, else arrival.
  let time: Int64
}

/// A try that failed.
struct PushFailure: Error {
  let text: String
  /// Trying again is of no use: the values are given up.
  let isFinal: Bool

  init(_ text: String, isFinal: Bool = false) {
    self.text = text
    self.isFinal = isFinal
  }
}

/// Brings values to one destination. Calls come one at a time.
protocol PushSender: Sendable {
  /// How many values `send` takes at once.
  var batchLimit: Int { get }
  /// Returns when the destination has taken all of them.
  func send(_ items: [PushItem]) async throws(PushFailure)
  func close() async
}
