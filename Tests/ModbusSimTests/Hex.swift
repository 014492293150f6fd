// SPDX-License-Identifier: Apache-2.0

/// Bytes as hexadecimal text, whose spaces do not count.
enum Hex {
  static func bytes(_ text: String) -> [UInt8] {
    let digits = text.filter { $0 != " " }.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  static func text(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// A frame with the header of Modbus TCP: transaction 0x1234, protocol 0, the size of what follows, unit.
  static func frame(unit: UInt8 = 1, _ pdu: String) -> [UInt8] {
    let pdu = bytes(pdu)
    let size = pdu.count + 1
    return [0x12, 0x34, 0, 0, UInt8(size >> 8), UInt8(size & 0xFF), unit] + pdu
  }
}
