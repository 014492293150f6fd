// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// A telemetry message that waits for its broker.
struct SpooledMessage: Sendable {
  let topic: MessageTopic
  let payload: [UInt8]

  init(topic: MessageTopic, payload: [UInt8]) {
    self.topic = topic
    self.payload = payload
  }

  /// Marks the message as replayed, for those who take values as fresh: a telemetry message is one object, whose last
  /// byte gives way to `,"replay":true}`.
  init(replaying payload: some Collection<UInt8>, on topic: MessageTopic) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(payload.count + Self.mark.count)
    bytes.append(contentsOf: payload)
    if bytes.last == UInt8(ascii: "}") {
      bytes.removeLast()
      bytes.append(contentsOf: Self.mark)
    }
    self.init(topic: topic, payload: bytes)
  }

  private static let mark = Array(",\"replay\":true}".utf8)

  /// Of the record on disk.
  var size: Int { SpoolRecord.headerSize + topic.cString.count - 1 + payload.count }
}

/// A message as it lies in a segment: length (4 bytes), CRC-32 of what follows (4), length of the topic (2), topic,
/// payload. Numbers are little-endian; the length counts from the topic's length on.
enum SpoolRecord {
  static let headerSize = 10
  /// Beyond this a length is damage: MQTT has no larger message.
  private static let longest = 256 << 20

  static func append(_ message: SpooledMessage, to bytes: inout [UInt8]) {
    let start = bytes.count
    let topic = message.topic.cString.count - 1
    put(UInt32(clamping: 2 + topic + message.payload.count), to: &bytes)
    put(UInt32(0), to: &bytes)
    put(UInt16(truncatingIfNeeded: topic), to: &bytes)
    for index in 0..<topic { bytes.append(UInt8(bitPattern: message.topic.cString[index])) }
    bytes.append(contentsOf: message.payload)
    let sum = bytes.withUnsafeBytes { CRC32.of(UnsafeRawBufferPointer(rebasing: $0[(start + 8)...])) }
    for index in 0..<4 { bytes[start + 4 + index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(index))) }
  }

  enum Found {
    case message(SpooledMessage, size: Int)
    /// The bytes end before the record does; it has this many.
    case incomplete(size: Int)
    case damaged
  }

  /// The record at the begin of `bytes`.
  static func read(_ bytes: UnsafeRawBufferPointer) -> Found {
    guard let (length, topic) = check(bytes) else {
      guard bytes.count >= 4 else { return .incomplete(size: headerSize) }
      let length = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
      return length >= 2 && length <= longest && bytes.count < 8 + length
        ? .incomplete(size: 8 + length) : .damaged
    }
    let text = String(decoding: bytes[headerSize..<headerSize + topic], as: UTF8.self)
    let payload = [UInt8](bytes[(headerSize + topic)..<(8 + length)])
    return .message(SpooledMessage(topic: MessageTopic(text), payload: payload), size: 8 + length)
  }

  /// The size of the record at the begin of `bytes`; nil when there is no whole one.
  static func size(_ bytes: UnsafeRawBufferPointer) -> Int? { check(bytes).map { 8 + $0.length } }

  private static func check(_ bytes: UnsafeRawBufferPointer) -> (length: Int, topic: Int)? {
    guard bytes.count >= headerSize else { return nil }
    let length = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
    guard length >= 2, length <= longest, bytes.count >= 8 + length else { return nil }
    let sum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    let topic = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
    guard topic > 0, 2 + topic <= length,
      CRC32.of(UnsafeRawBufferPointer(rebasing: bytes[8..<8 + length])) == sum
    else { return nil }
    return (length, topic)
  }

  private static func put(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

/// The checksum of Ethernet and zip.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { start in
    var value = UInt32(start)
    for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    return value
  }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum = ~UInt32(0)
    table.withUnsafeBufferPointer { table in
      for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8) }
    }
    return ~sum
  }
}
