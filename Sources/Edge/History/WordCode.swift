// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Texts and bytes in a row. What came lately is named by a number, since most are states that come again.
///
/// `0`: the one before. `10`: one of the last sixteen. `110`: a new one.
struct WordCode: Sendable {
  private static let limit = 16
  /// A longer one is not kept for naming.
  private static let longestKept = 256

  private(set) var last: Value?
  private var words: [Value] = []
  private var oldest = 0

  mutating func write(_ value: Value, to stream: inout BitWriter) {
    if value == last { return stream.write(0, 1) }
    last = value
    if let place = words.firstIndex(of: value) {
      stream.write(0b10, 2)
      stream.write(UInt64(place), 4)
      return
    }
    stream.write(0b110, 3)
    switch value {
    case .text(let text): Self.write(text.utf8, to: &stream)
    case .bytes(let bytes): Self.write(bytes, to: &stream)
    case .bool, .int, .float, .double: stream.write(0, 32)
    }
    keep(value)
  }

  private static func write(_ bytes: some Collection<UInt8>, to stream: inout BitWriter) {
    stream.write(UInt64(UInt32(clamping: bytes.count)), 32)
    for byte in bytes { stream.write(UInt64(byte), 8) }
  }

  /// Nil for what no encoder writes.
  mutating func read(_ code: Int, isText: Bool, from stream: inout BitReader) -> Value? {
    switch code {
    case 0: return last
    case 1:
      let place = Int(stream.read(4))
      guard words.indices.contains(place) else { return nil }
      last = words[place]
    default:
      let count = Int(stream.read(32))
      guard count * 8 <= stream.left else { return nil }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count)
      for _ in 0..<count { bytes.append(UInt8(truncatingIfNeeded: stream.read(8))) }
      let value: Value = isText ? .text(String(decoding: bytes, as: UTF8.self)) : .bytes(bytes)
      last = value
      keep(value)
    }
    return last
  }

  private mutating func keep(_ value: Value) {
    switch value {
    case .text(let text) where text.utf8.count <= Self.longestKept: break
    case .bytes(let bytes) where bytes.count <= Self.longestKept: break
    default: return
    }
    if words.count < Self.limit {
      words.append(value)
    } else {
      words[oldest] = value
      oldest = (oldest + 1) % Self.limit
    }
  }
}
