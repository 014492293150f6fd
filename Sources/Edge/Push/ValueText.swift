// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import JSON

/// What goes to MQTT and HTTP.
enum ValueText {
  /// `time is 2026-11-24 18:00:00  plant/temp: 21.5`, as KubeEdge's mappers publish it.
  static func message(_ item: PushItem, topic: String) -> [UInt8] {
    Array("time is \(localTime(item.time))  \(topic): \(item.value.text)".utf8)
  }

  /// `temperature=21.5&time=2026-11-24+18%3A00%3A00`, as KubeEdge's mappers post it, but encoded as a form has to be.
  static func form(_ item: PushItem) -> [UInt8] {
    var bytes: [UInt8] = []
    append(encoded: item.target.property, to: &bytes)
    bytes.append(UInt8(ascii: "="))
    append(encoded: item.value.text, to: &bytes)
    bytes.append(contentsOf: "&time=".utf8)
    append(encoded: localTime(item.time), to: &bytes)
    return bytes
  }

  /// `{"namespace":"default","device":"one","property":"p","value":21.5,"type":"float","unit":"C","timestamp":ms}`
  static func json(_ item: PushItem) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("namespace")
    writer.string(item.target.device.namespace)
    writer.name("device")
    writer.string(item.target.device.name)
    writer.name("property")
    writer.string(item.target.property)
    writer.name("value")
    switch item.value {
    case .int(let number): writer.int(number)
    case .bool(let flag): writer.bool(flag)
    case .float(let number) where number.isFinite: writer.value(.number(Double(item.value.text) ?? 0))
    case .double(let number) where number.isFinite: writer.value(.number(number))
    default: writer.string(item.value.text)
    }
    writer.name("type")
    writer.string(item.target.type.twinName)
    if let unit = item.target.unit {
      writer.name("unit")
      writer.string(unit)
    }
    writer.name("timestamp")
    writer.int(item.time / 1_000_000)
    writer.endObject()
    return writer.bytes
  }

  /// The node's own time zone, as in KubeEdge.
  private static func localTime(_ nanoseconds: Int64) -> String {
    var seconds = time_t(nanoseconds / 1_000_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%d %H:%M:%S", &parts)
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func append(encoded text: String, to bytes: inout [UInt8]) {
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        bytes.append(byte)
      case UInt8(ascii: " "): bytes.append(UInt8(ascii: "+"))
      default:
        bytes.append(UInt8(ascii: "%"))
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      }
    }
  }
}
