// SPDX-License-Identifier: Apache-2.0

/// Whole numbers in few bits where they are near zero: three bits say how many follow.
enum SignedCode {
  /// Seventeen bits hold the difference of any two 16-bit registers.
  private static func width(_ place: Int) -> Int {
    switch place {
    case 0: 2
    case 1: 4
    case 2: 7
    case 3: 10
    case 4: 13
    case 5: 17
    case 6: 32
    default: 64
    }
  }

  @inline(__always)
  static func write(_ value: Int64, to bits: inout BitWriter) {
    let folded = UInt64(bitPattern: value &<< 1 ^ value &>> 63)
    let needed = 64 - folded.leadingZeroBitCount
    let place =
      needed <= 7
      ? (needed <= 2 ? 0 : needed <= 4 ? 1 : 2)
      : needed <= 13 ? (needed <= 10 ? 3 : 4) : needed <= 17 ? 5 : needed <= 32 ? 6 : 7
    bits.write(UInt64(place), 3)
    bits.write(folded, width(place))
  }

  @inline(__always)
  static func read(_ bits: inout BitReader) -> Int64 {
    let folded = bits.read(width(Int(bits.read(3))))
    return Int64(bitPattern: folded &>> 1) ^ -Int64(bitPattern: folded & 1)
  }
}
