// SPDX-License-Identifier: Apache-2.0

/// Numbers as bytes.
extension JSONWriter {
  /// Bytes that `write` needs at most.
  package static let longestNumber = 32

  package static func append(_ value: Int64, to bytes: inout [UInt8]) {
    append(to: &bytes) { write(value, to: $0) }
  }

  /// Whole numbers are written without a fraction ("21"), others in their shortest form.
  package static func append(_ value: Double, to bytes: inout [UInt8]) {
    append(to: &bytes) { write(value, to: $0) }
  }

  package static func append(_ value: Float, to bytes: inout [UInt8]) {
    append(to: &bytes) { write(value, to: $0) }
  }

  @inline(__always)
  private static func append(to bytes: inout [UInt8], _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longestNumber) { memory in
      guard let start = memory.baseAddress else { return }
      bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: write(start)))
    }
  }

  /// - Parameter out: has room for `longestNumber` bytes.
  /// - Returns: how many were written.
  package static func write(_ value: Int64, to out: UnsafeMutablePointer<UInt8>) -> Int {
    guard value < 0 else { return write(digitsOf: value.magnitude, to: out) }
    out[0] = UInt8(ascii: "-")
    return 1 + write(digitsOf: value.magnitude, to: out + 1)
  }

  package static func write(_ value: Double, to out: UnsafeMutablePointer<UInt8>) -> Int {
    guard value.isFinite else { return write("null", to: out) }
    if value.magnitude < 1e15 {
      let whole = Int64(value)
      if Double(whole) == value, whole != 0 || value.sign == .plus { return write(whole, to: out) }
    }
    return write(value.description, to: out)
  }

  package static func write(_ value: Float, to out: UnsafeMutablePointer<UInt8>) -> Int {
    guard value.isFinite else { return write("null", to: out) }
    if value.magnitude < 1e7 {
      let whole = Int64(value)
      if Float(whole) == value, whole != 0 || value.sign == .plus { return write(whole, to: out) }
    }
    if value.magnitude < 1e6, value.magnitude > 1e-3, let count = writeFixed(value, to: out) { return count }
    return write(value.description, to: out)
  }

  private static func write(_ text: String, to out: UnsafeMutablePointer<UInt8>) -> Int {
    var text = text
    return text.withUTF8 { text in
      guard let from = text.baseAddress else { return 0 }
      let count = min(text.count, longestNumber)
      out.update(from: from, count: count)
      return count
    }
  }

  private static func write(digitsOf number: UInt64, to out: UnsafeMutablePointer<UInt8>) -> Int {
    let count = digits(of: number)
    var place = out + count
    var rest = number
    repeat {
      let quotient = rest / 10
      place -= 1
      place[0] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest - quotient * 10)
      rest = quotient
    } while rest > 0
    return count
  }

  private static func digits(of number: UInt64) -> Int {
    var count = 1
    var limit: UInt64 = 10
    while number >= limit {
      count += 1
      let (next, isOver) = limit.multipliedReportingOverflow(by: 10)
      if isOver { break }
      limit = next
    }
    return count
  }

  /// Writes a number of ordinary size, as sensors give them, with the fewest digits that read back as the same: much
  /// cheaper than `description`, which serves all sizes. Nil: it needs more than eight.
  ///
  /// What reads back with some digits does so with more of them, so the fewest are found by halving.
  /// - Parameter value: its magnitude is between 1e-3 and 1e6.
  @inline(__always)
  private static func writeFixed(_ value: Float, to out: UnsafeMutablePointer<UInt8>) -> Int? {
    let exact = Double(value.magnitude)
    // What lies within half the distance to the next float is read as this one; below a power of two, a quarter.
    let exponent = UInt64(value.bitPattern >> 23 & 0xFF) + 1023 - 127
    let reach = Double(bitPattern: (exponent - (value.significandBitPattern == 0 ? 25 : 24)) << 52)
    var found: (number: Int64, digits: Int)?
    var low = 1
    var high = 8
    while low <= high {
      let digits = (low + high) / 2
      let power = power(digits)
      let scaled = exact * power
      let number = Int64(scaled + 0.5)
      if (scaled - Double(number)).magnitude < reach * power {
        found = (number, digits)
        high = digits - 1
      } else {
        low = digits + 1
      }
    }
    guard let found else { return nil }
    return write(UInt64(found.number), fractionDigits: found.digits, isNegative: value < 0, to: out)
  }

  /// `number` with a point before its last `digits` digits.
  private static func write(
    _ number: UInt64, fractionDigits digits: Int, isNegative: Bool, to out: UnsafeMutablePointer<UInt8>
  ) -> Int {
    let power = UInt64(power(digits))
    let whole = number / power
    var fraction = number - whole * power
    var place = 0
    if isNegative {
      out[0] = UInt8(ascii: "-")
      place = 1
    }
    place += write(digitsOf: whole, to: out + place)
    out[place] = UInt8(ascii: ".")
    place += 1 + digits
    for back in 1...digits {
      let quotient = fraction / 10
      out[place - back] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction - quotient * 10)
      fraction = quotient
    }
    return place
  }

  @inline(__always)
  private static func power(_ digits: Int) -> Double {
    switch digits {
    case 1: 10
    case 2: 100
    case 3: 1e3
    case 4: 1e4
    case 5: 1e5
    case 6: 1e6
    case 7: 1e7
    default: 1e8
    }
  }
}
