// SPDX-License-Identifier: Apache-2.0

/// Bits in a row, the highest of a number first.
struct BitWriter: Sendable {
  private var bytes: [UInt8] = []
  /// Not yet in `bytes`: the topmost `used` bits.
  private var word: UInt64 = 0
  private var used = 0

  var byteCount: Int { bytes.count + (used + 7) / 8 }

  /// Adds the lowest `count` bits, 1 to 64, of a number that has none above them.
  @inline(__always)
  mutating func write(_ value: UInt64, _ count: Int) {
    let room = 64 - used
    if count < room {
      word |= value &<< UInt64(room - count)
      used += count
      return
    }
    let left = count - room
    word |= value &>> UInt64(left)
    withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
    word = left == 0 ? 0 : value &<< UInt64(64 - left)
    used = left
  }

  /// All bits so far, with zeroes up to a whole byte.
  var contents: [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(byteCount)
    all.append(contentsOf: bytes)
    var rest = word
    var left = used
    while left > 0 {
      all.append(UInt8(truncatingIfNeeded: rest >> 56))
      rest <<= 8
      left -= 8
    }
    return all
  }
}
