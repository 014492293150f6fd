// SPDX-License-Identifier: Apache-2.0

/// Times in a row, in milliseconds: what is written is how much a distance differs from the one before,
/// which is next to nothing for a value that is read in a cycle.
struct TimeCode: Sendable {
  private(set) var last: Int64
  private var distance: Int64 = 0

  /// - Parameter first: the first time, which is written nowhere here.
  init(first: Int64) { last = first }

  @inline(__always)
  mutating func write(_ time: Int64, to bits: inout BitWriter) {
    let distance = time &- last
    let change = distance &- self.distance
    last = time
    self.distance = distance
    switch change {
    case 0: bits.write(0, 1)
    case -4...3: bits.write(0b10 << 3 | UInt64(change + 4), 5)
    case -16...15: bits.write(0b110 << 5 | UInt64(change + 16), 8)
    case -128...127: bits.write(0b1110 << 8 | UInt64(change + 128), 12)
    case -2048...2047: bits.write(0b11110 << 12 | UInt64(change + 2048), 17)
    default:
      bits.write(0b11111, 5)
      SignedCode.write(change, to: &bits)
    }
  }

  @inline(__always)
  mutating func read(_ bits: inout BitReader) -> Int64 {
    let change: Int64 =
      switch bits.ones(upTo: 5) {
      case 0: 0
      case 1: Int64(bits.read(3)) - 4
      case 2: Int64(bits.read(5)) - 16
      case 3: Int64(bits.read(8)) - 128
      case 4: Int64(bits.read(12)) - 2048
      default: SignedCode.read(&bits)
      }
    distance = distance &+ change
    last = last &+ distance
    return last
  }
}
