// SPDX-License-Identifier: Apache-2.0

/// Reads what `BitWriter` wrote. Beyond the end there are zeroes, and `isBroken` says so.
struct BitReader: Sendable {
  private let bytes: [UInt8]
  private var place = 0
  private(set) var isBroken = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private var bitCount: Int { bytes.count * 8 }

  /// How many bits are left.
  var left: Int { bitCount - place }

  @inline(__always)
  mutating func bit() -> Bool {
    guard place < bitCount else {
      isBroken = true
      return false
    }
    defer { place += 1 }
    return bytes[place &>> 3] & (0x80 &>> UInt8(truncatingIfNeeded: place & 7)) != 0
  }

  /// The next `count` bits, 1 to 64.
  @inline(__always)
  mutating func read(_ count: Int) -> UInt64 {
    guard count <= bitCount - place else {
      isBroken = true
      place = bitCount
      return 0
    }
    var index = place &>> 3
    let skipped = place & 7
    place += count
    // The first byte without the bits that were read already, then whole bytes.
    var value = UInt64(bytes[index] & (0xFF &>> UInt8(truncatingIfNeeded: skipped)))
    var have = 8 - skipped
    while have < count {
      index += 1
      // The tenth byte is needed only for 64 bits that do not begin with a byte: its surplus is cut first.
      if have > 56 {
        let missing = count - have
        return value &<< UInt64(missing) | UInt64(bytes[index]) &>> UInt64(8 - missing)
      }
      value = value &<< 8 | UInt64(bytes[index])
      have += 8
    }
    return value &>> UInt64(have - count)
  }

  /// How many ones come before the next zero; `limit` at most, then without a zero.
  @inline(__always)
  mutating func ones(upTo limit: Int) -> Int {
    var count = 0
    while count < limit, bit() { count += 1 }
    return count
  }
}
