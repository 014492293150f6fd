// SPDX-License-Identifier: Apache-2.0

/// Random UUIDs (RFC 9562, version 4) in text form, as KubeEdge names its own events.
enum UUIDText {
  static func random() -> String {
    var generator = SystemRandomNumberGenerator()
    let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return String(unsafeUninitializedCapacity: 36) { text in
      var place = 0
      for (word, shifts) in [(high, (0..<16)), (low, (0..<16))] {
        for digit in shifts {
          if place == 8 || place == 13 || place == 18 || place == 23 {
            text[place] = UInt8(ascii: "-")
            place += 1
          }
          let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * digit) & 15)
          text[place] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
          place += 1
        }
      }
      return place
    }
  }
}
