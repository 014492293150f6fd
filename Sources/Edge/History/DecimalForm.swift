// SPDX-License-Identifier: Apache-2.0

/// A number with few decimals as a whole number: 21.5 is 215 tenths.
///
/// What a sensor measures is a whole number that was scaled; as such it takes far fewer bits than the
/// fraction that came of it. A form is taken only where it gives back the very same bits.
struct DecimalForm: Sendable, Equatable {
  /// 0…6: units divided by that power of ten; 7…12: units times a tenth, a hundredth, … which rounds
  /// otherwise.
  let number: Int

  static let count = 13
  /// Whole numbers up to here are exact in a double.
  private static let largest = 9_007_199_254_740_992.0

  /// Nil for a number that is no form: of a damaged block.
  init?(number: Int) {
    guard number >= 0, number < Self.count else { return nil }
    self.number = number
  }

  private static func power(_ exponent: Int) -> Double {
    switch exponent {
    case 0: 1
    case 1: 10
    case 2: 100
    case 3: 1000
    case 4: 10_000
    case 5: 100_000
    default: 1_000_000
    }
  }

  private static func factor(_ exponent: Int) -> Double {
    switch exponent {
    case 1: 0.1
    case 2: 0.01
    case 3: 0.001
    case 4: 0.0001
    case 5: 0.00001
    default: 0.000001
    }
  }

  @inline(__always)
  func value(of units: Int64) -> Double {
    number <= 6 ? Double(units) / Self.power(number) : Double(units) * Self.factor(number - 6)
  }

  /// Nil where the value is no such number, or is not the same after the way there and back.
  @inline(__always)
  func units(of value: Double) -> Int64? {
    let scaled = (value * Self.power(number <= 6 ? number : number - 6)).rounded()
    guard scaled.magnitude <= Self.largest else { return nil }
    let units = Int64(scaled)
    return self.value(of: units).bitPattern == value.bitPattern ? units : nil
  }

  /// The same for a float, which is the nearest to a decimal. With seven digits every float is one, and none
  /// by nature.
  @inline(__always)
  func units(of value: Float) -> Int64? {
    let scaled = (Double(value) * Self.power(number <= 6 ? number : number - 6)).rounded()
    guard scaled.magnitude <= (number == 0 ? 16_777_216 : 1_048_576) else { return nil }
    let units = Int64(scaled)
    return Float(self.value(of: units)).bitPattern == value.bitPattern ? units : nil
  }
}
