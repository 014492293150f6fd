// SPDX-License-Identifier: Apache-2.0

/// Scalars as bytes, for writers of their own that build on prepared pieces.
extension JSONWriter {
  package static func append(_ value: Int64, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    if rest < 10 {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest))
      return
    }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var first = 20
      while rest > 0 {
        first -= 1
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
        rest = quotient
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[first..<20]))
    }
  }

  /// Whole numbers are written without a fraction ("21"), others in their shortest form.
  package static func append(_ value: Double, to bytes: inout [UInt8]) {
    guard value.isFinite else {
      bytes.append(contentsOf: "null".utf8)
      return
    }
    if value.magnitude < 1e15, value == value.rounded(.towardZero), !(value == 0 && value.sign == .minus) {
      append(Int64(value), to: &bytes)
      return
    }
    var text = value.description
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }

  package static func append(_ value: Float, to bytes: inout [UInt8]) {
    guard value.isFinite else {
      bytes.append(contentsOf: "null".utf8)
      return
    }
    if value.magnitude < 1e7, value == value.rounded(.towardZero), !(value == 0 && value.sign == .minus) {
      append(Int64(value), to: &bytes)
      return
    }
    if value.magnitude < 1e6, value.magnitude > 1e-3, appendFixed(value, to: &bytes) { return }
    var text = value.description
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }

  /// Writes a number of ordinary size, as sensors give them, with the fewest digits that read back as the same: about
  /// half the cost of `description`, which serves all sizes. False: it needs more than eight.
  @inline(__always)
  private static func appendFixed(_ value: Float, to bytes: inout [UInt8]) -> Bool {
    let exact = Double(value.magnitude)
    var power = 10.0
    for digits in 1...8 {
      let scaled = (exact * power).rounded()
      if Float(scaled / power) == value.magnitude {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        appendFraction(UInt64(scaled), digits: digits, to: &bytes)
        return true
      }
      power *= 10
    }
    return false
  }

  /// `number` with a point before its last `digits` digits.
  private static func appendFraction(_ number: UInt64, digits: Int, to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
      var first = 24
      var rest = number
      for place in 0... {
        if place == digits {
          first -= 1
          text[first] = UInt8(ascii: ".")
        }
        if place > digits, rest == 0 { break }
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        first -= 1
        text[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
        rest = quotient
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[first..<24]))
    }
  }

  /// A quoted string.
  package static func append(escaped text: String, to bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { append(escaped: $0, to: &bytes) }
  }

  package static func append(escaped utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var start = 0
    for index in 0..<utf8.count {
      let byte = utf8[index]
      guard mustEscape(byte) else { continue }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
      start = index + 1
      bytes.append(UInt8(ascii: "\\"))
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
      case 0x0A: bytes.append(UInt8(ascii: "n"))
      case 0x0D: bytes.append(UInt8(ascii: "r"))
      case 0x09: bytes.append(UInt8(ascii: "t"))
      default:
        bytes.append(contentsOf: "u00".utf8)
        bytes.append(hexDigit(byte >> 4))
        bytes.append(hexDigit(byte & 15))
      }
    }
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<utf8.count]))
    bytes.append(UInt8(ascii: "\""))
  }

  private static func mustEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "<")
      || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&")
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
