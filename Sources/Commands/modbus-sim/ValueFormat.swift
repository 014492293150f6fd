// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// How registers are shown and given on the command line; two registers make a 32-bit value, the high one
/// first.
enum ValueFormat: String, CaseIterable, ExpressibleByArgument {
  case uint16, int16, uint32, int32, float32

  var registers: Int { self == .uint16 || self == .int16 ? 1 : 2 }

  /// `words` are the registers of one value.
  func text(of words: ArraySlice<UInt16>) -> String {
    let bits = words.reduce(UInt32(0)) { $0 << 16 | UInt32($1) }
    switch self {
    case .uint16: return "\(UInt16(truncatingIfNeeded: bits))"
    case .int16: return "\(Int16(truncatingIfNeeded: bits))"
    case .uint32: return "\(bits)"
    case .int32: return "\(Int32(bitPattern: bits))"
    case .float32: return "\(Float(bitPattern: bits))"
    }
  }

  /// The registers of a value, or nil if the text is none.
  func words(of text: String) -> [UInt16]? {
    switch self {
    case .uint16: return UInt16(text).map { [$0] }
    case .int16: return Int16(text).map { [UInt16(bitPattern: $0)] }
    case .uint32: return UInt32(text).map(Self.split)
    case .int32: return Int32(text).map { Self.split(UInt32(bitPattern: $0)) }
    case .float32: return Float(text).map { Self.split($0.bitPattern) }
    }
  }

  private static func split(_ bits: UInt32) -> [UInt16] {
    [UInt16(truncatingIfNeeded: bits >> 16), UInt16(truncatingIfNeeded: bits)]
  }
}
