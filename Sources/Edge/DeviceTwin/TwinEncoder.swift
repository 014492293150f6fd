// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// Writes KubeEdge's twin messages: its members, in its order, straight into bytes.
struct TwinEncoder {
  var bytes: [UInt8] = []

  mutating func raw(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func string(_ text: String) { JSONWriter.append(escaped: text, to: &bytes) }
  mutating func int(_ value: Int64) { JSONWriter.append(value, to: &bytes) }

  /// `{"event_id":"…","timestamp":…`, left open.
  mutating func head(event: String, milliseconds: Int64) {
    raw("{\"event_id\":")
    string(event)
    raw(",\"timestamp\":")
    int(milliseconds)
  }

  mutating func error(event: String, milliseconds: Int64, _ refusal: Refusal) {
    head(event: event, milliseconds: milliseconds)
    raw(",\"code\":")
    int(Int64(refusal.code))
    raw(",\"reason\":")
    string(refusal.reason)
    raw("}")
  }

  /// `"name":`
  mutating func member(_ name: String) {
    string(name)
    raw(":")
  }

  /// A list's or an object's end, in place of the comma that every entry leaves behind.
  mutating func close(_ end: StaticString) {
    if bytes.last == UInt8(ascii: ",") { bytes.removeLast() }
    raw(end)
  }

  /// One property; sides that are nil are left out.
  mutating func twin(expected: Side?, actual: Side?, isOptional: Bool, type: String) {
    raw("{")
    if let expected {
      raw("\"expected\":")
      side(expected)
      raw(",")
    }
    if let actual {
      raw("\"actual\":")
      side(actual)
      raw(",")
    }
    raw(
      isOptional ? "\"optional\":true,\"metadata\":{\"type\":" : "\"optional\":false,\"metadata\":{\"type\":")
    string(type)
    raw("}}")
  }

  /// One side of a property.
  struct Side {
    enum Content {
      case value(Value)
      case text(String)
      /// Of a tombstone.
      case nothing
    }
    var content: Content
    var milliseconds: Int64 = 0
    /// Shown only when it is not good, which KubeEdge cannot say.
    var quality = Quality.good

    /// Nil where there is no value to show.
    init?(_ reading: Reading) {
      guard let value = reading.value else { return nil }
      content = reading.spelling.map { .text($0) } ?? .value(value)
      milliseconds = reading.milliseconds
      quality = reading.quality
    }

    init?(_ shown: ShownReading) {
      guard let value = shown.value else { return nil }
      content = shown.spelling.map { .text($0) } ?? .value(value)
      milliseconds = shown.milliseconds
      quality = shown.quality
    }

    init(_ desired: Desired) {
      content = desired.spelling.map { .text($0) } ?? .value(desired.value)
      milliseconds = desired.milliseconds
    }

    private init() { content = .nothing }
    static let nothing = Side()
  }

  private mutating func side(_ side: Side) {
    switch side.content {
    case .nothing:
      raw("{}")
      return
    case .text(let text):
      raw("{\"value\":")
      string(text)
    case .value(let value):
      raw("{\"value\":")
      TwinLayout.append(quoted: value, to: &bytes)
    }
    raw(",\"metadata\":{\"timestamp\":")
    int(side.milliseconds)
    if side.quality.class != .good {
      raw(",\"quality\":")
      string(side.quality.class.rawValue)
    }
    raw("}}")
  }
}

/// Why a request is refused, in KubeEdge's numbers.
struct Refusal: Error, Equatable {
  var code: Int
  var reason: String

  static func bad(_ reason: String) -> Refusal { Refusal(code: 400, reason: reason) }
}
