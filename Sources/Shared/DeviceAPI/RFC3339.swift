// SPDX-License-Identifier: Apache-2.0

/// Times as text (RFC 3339, UTC, milliseconds): `2026-11-24T09:30:00.125Z`. Without Foundation.
package enum RFC3339 {
  /// - Parameter nanoseconds: Unix time; what is finer than a millisecond is cut off, not rounded.
  package static func text(_ nanoseconds: Int64) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24)
    append(nanoseconds, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Adds the 24 bytes of `text(_:)`.
  package static func append(_ nanoseconds: Int64, to bytes: inout [UInt8]) {
    let milliseconds = floorDivide(nanoseconds, 1_000_000)
    let days = floorDivide(milliseconds, 86_400_000)
    let inDay = Int(milliseconds - days * 86_400_000)
    let (year, month, day) = civilDate(daysSinceEpoch: Int(days))
    digits(year, 4, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    digits(month, 2, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    digits(day, 2, to: &bytes)
    bytes.append(UInt8(ascii: "T"))
    digits(inDay / 3_600_000, 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    digits(inDay / 60_000 % 60, 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    digits(inDay / 1000 % 60, 2, to: &bytes)
    bytes.append(UInt8(ascii: "."))
    digits(inDay % 1000, 3, to: &bytes)
    bytes.append(UInt8(ascii: "Z"))
  }

  /// Unix nanoseconds of a time in UTC (`Z`), with any number of decimals; nil when the text is not one.
  package static func parse(_ text: String) -> Int64? {
    let utf8 = Array(text.utf8)
    guard utf8.count >= 20, utf8.last == UInt8(ascii: "Z") else { return nil }
    let separators: [(Int, Unicode.Scalar)] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")]
    guard separators.allSatisfy({ utf8[$0.0] == UInt8(ascii: $0.1) }),
      let year = number(utf8[0..<4]), let month = number(utf8[5..<7]), let day = number(utf8[8..<10]),
      let hour = number(utf8[11..<13]), let minute = number(utf8[14..<16]),
      let second = number(utf8[17..<19]),
      (1678...2261).contains(year), (1...12).contains(month), hour < 24, minute < 60, second < 60
    else { return nil }
    let days = daysSinceEpoch(year, month, day)
    guard day >= 1, civilDate(daysSinceEpoch: days) == (year, month, day) else { return nil }

    var nanoseconds = 0
    if utf8.count > 20 {
      let fraction = utf8[20..<(utf8.count - 1)]
      guard utf8[19] == UInt8(ascii: "."), !fraction.isEmpty, number(fraction.prefix(9)) != nil,
        fraction.allSatisfy(isDigit)
      else { return nil }
      var scale = 100_000_000
      for digit in fraction.prefix(9) {
        nanoseconds += Int(digit - UInt8(ascii: "0")) * scale
        scale /= 10
      }
    }
    return Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + Int64(nanoseconds)
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }

  private static func digits(_ value: Int, _ width: Int, to bytes: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for byte in digits {
      guard isDigit(byte) else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return value
  }

  /// The proleptic Gregorian calendar, in years that begin in March: the leap day is then a year's last.
  private static func civilDate(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = daysSinceEpoch + 719_468  // days since 0000-03-01
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1
    )
  }

  private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
