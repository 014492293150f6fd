// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// InfluxDB's line protocol: `measurement,tag=value field=value <nanoseconds>`.
///
/// A field has the property's type: `21.5`, `5i`, `true`, `"text"`; bytes are hexadecimal text.
enum LineProtocol {
  static func append(_ item: PushItem, _ influx: PushMethod.InfluxDB2, to bytes: inout [UInt8]) {
    append(escaped: influx.measurement, besides: ", ", to: &bytes)
    for (key, value) in influx.tags.sorted(by: { $0.key < $1.key }) {
      bytes.append(UInt8(ascii: ","))
      append(escaped: key, besides: ",= ", to: &bytes)
      bytes.append(UInt8(ascii: "="))
      append(escaped: value, besides: ",= ", to: &bytes)
    }
    bytes.append(UInt8(ascii: " "))
    append(escaped: influx.field, besides: ",= ", to: &bytes)
    bytes.append(UInt8(ascii: "="))
    append(item.value, to: &bytes)
    bytes.append(UInt8(ascii: " "))
    JSONWriter.append(item.time, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Whether the protocol has such a value: it has no infinity.
  static func canSay(_ value: Value) -> Bool { value.number.map(\.isFinite) ?? true }

  private static func append(_ value: Value, to bytes: inout [UInt8]) {
    switch value {
    case .int(let number):
      JSONWriter.append(number, to: &bytes)
      bytes.append(UInt8(ascii: "i"))
    case .bool, .float, .double: bytes.append(contentsOf: value.text.utf8)
    case .text, .bytes:
      bytes.append(UInt8(ascii: "\""))
      for byte in value.text.utf8 {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
    }
  }

  private static func append(escaped text: String, besides special: StaticString, to bytes: inout [UInt8]) {
    let special = UnsafeBufferPointer(start: special.utf8Start, count: special.utf8CodeUnitCount)
    for byte in text.utf8 {
      if special.contains(byte) { bytes.append(UInt8(ascii: "\\")) }
      bytes.append(byte)
    }
    // It would escape what comes next.
    if bytes.last == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
  }
}
