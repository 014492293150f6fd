// SPDX-License-Identifier: Apache-2.0

/// What a JSON text may hold that libyaml does not read.
enum JSONText {
  /// Replaces `\uD83D\uDE00`, which YAML does not know, by the character that it means.
  ///
  /// Only in texts that begin like JSON. A half pair becomes U+FFFD, as in our JSON parser.
  static func joiningSurrogates(_ bytes: [UInt8]) -> [UInt8] {
    guard let first = bytes.first(where: { !isSpace($0) }),
      first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    else { return bytes }
    let backslash = UInt8(ascii: "\\")
    guard bytes.contains(backslash) else { return bytes }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var at = 0
    while at < bytes.count {
      guard bytes[at] == backslash, at + 1 < bytes.count else {
        result.append(bytes[at])
        at += 1
        continue
      }
      if let high = unit(bytes, at), (0xD800...0xDFFF).contains(high) {
        at += 6
        var scalar: Unicode.Scalar?
        if high < 0xDC00, let low = unit(bytes, at), (0xDC00...0xDFFF).contains(low) {
          at += 6
          scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        }
        result.append(contentsOf: String(scalar ?? "\u{FFFD}").utf8)
      } else {
        // The escaped byte goes along, so that the second backslash of `\\` begins no escape.
        result.append(contentsOf: bytes[at...at + 1])
        at += 2
      }
    }
    return result
  }

  /// The 16 bits of `\uXXXX` at `at`.
  private static func unit(_ bytes: [UInt8], _ at: Int) -> UInt32? {
    guard at + 6 <= bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") else {
      return nil
    }
    var unit: UInt32 = 0
    for byte in bytes[at + 2..<at + 6] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}
