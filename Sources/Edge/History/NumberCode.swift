// SPDX-License-Identifier: Apache-2.0

/// Floats and doubles in a row, as the encoder and the decoder both follow them.
///
/// `0`: the number before. `10`: a decimal, as its distance to the decimal before. `110`: a decimal in
/// another form. `1110`: the bits that differ from those of the number before. `1111` is the block's, for a
/// change of quality.
struct NumberCode: Sendable {
  /// Of the number before.
  private(set) var bits: UInt64 = 0
  private var form: DecimalForm?
  private var units: Int64 = 0
  /// A search for a form that found none is not repeated at once: numbers without few decimals have none.
  private var pause = 0
  private var nextPause = 1
  /// Which bits differed lately; 0 bits: none did yet.
  private var windowLeading = 0
  private var windowCount = 0

  // MARK: Writing

  @inline(__always)
  mutating func write(_ value: Double, to stream: inout BitWriter) {
    let new = value.bitPattern
    if new == bits { return stream.write(0, 1) }
    if let form, let units = form.units(of: value) {
      writeUnits(units, to: &stream)
    } else if let (form, units) = search({ $0.units(of: value) }) {
      write(form, units, to: &stream)
    } else {
      writeDifference(new ^ bits, width: 64, to: &stream)
    }
    bits = new
  }

  @inline(__always)
  mutating func write(_ value: Float, to stream: inout BitWriter) {
    let new = UInt64(value.bitPattern)
    if new == bits { return stream.write(0, 1) }
    if let form, let units = form.units(of: value) {
      writeUnits(units, to: &stream)
    } else if let (form, units) = search({ $0.units(of: value) }) {
      write(form, units, to: &stream)
    } else {
      writeDifference(new ^ bits, width: 32, to: &stream)
    }
    bits = new
  }

  private mutating func writeUnits(_ new: Int64, to stream: inout BitWriter) {
    stream.write(0b10, 2)
    SignedCode.write(new &- units, to: &stream)
    units = new
  }

  private mutating func write(_ form: DecimalForm, _ new: Int64, to stream: inout BitWriter) {
    stream.write(0b110, 3)
    stream.write(UInt64(form.number), 4)
    SignedCode.write(new, to: &stream)
    self.form = form
    units = new
  }

  private mutating func search(_ units: (DecimalForm) -> Int64?) -> (DecimalForm, Int64)? {
    guard pause == 0 else {
      pause -= 1
      return nil
    }
    for number in 0..<DecimalForm.count where number != form?.number {
      guard let form = DecimalForm(number: number), let units = units(form) else { continue }
      // A number of many digits would take as many bits as such, and more.
      guard units.magnitude < 1 << 40 else { continue }
      nextPause = 1
      return (form, units)
    }
    pause = nextPause
    nextPause = min(nextPause * 2, 64)
    return nil
  }

  /// After the code: `0` and the bits of the same window as before, or `1`, a new window, and its bits.
  private mutating func writeDifference(_ difference: UInt64, width: Int, to stream: inout BitWriter) {
    let leading = difference.leadingZeroBitCount - (64 - width)
    let trailing = difference.trailingZeroBitCount
    let count = width - leading - trailing
    stream.write(0b1110, 4)
    // A window that is too wide costs more, sample by sample, than to name a new one.
    if windowCount > 0, leading >= windowLeading, trailing >= width - windowLeading - windowCount,
      windowCount - count <= (width == 64 ? 12 : 10)
    {
      stream.write(0, 1)
    } else {
      windowLeading = leading
      windowCount = count
      stream.write(1, 1)
      stream.write(UInt64(leading), width == 64 ? 6 : 5)
      stream.write(UInt64(count - 1), width == 64 ? 6 : 5)
    }
    stream.write(difference &>> UInt64(width - windowLeading - windowCount), windowCount)
  }

  // MARK: Reading

  /// The number's bits after `code` ones. False for a code that no encoder writes.
  @inline(__always)
  mutating func read(_ code: Int, width: Int, from stream: inout BitReader) -> Bool {
    switch code {
    case 0: return true
    case 1:
      guard let form else { return false }
      units = units &+ SignedCode.read(&stream)
      set(form, width: width)
    case 2:
      guard let form = DecimalForm(number: Int(stream.read(4))) else { return false }
      units = SignedCode.read(&stream)
      self.form = form
      set(form, width: width)
    default:
      if stream.bit() {
        windowLeading = Int(stream.read(width == 64 ? 6 : 5))
        windowCount = Int(stream.read(width == 64 ? 6 : 5)) + 1
      }
      let trailing = width - windowLeading - windowCount
      guard windowCount > 0, trailing >= 0 else { return false }
      bits ^= stream.read(windowCount) &<< UInt64(trailing)
    }
    return true
  }

  @inline(__always)
  private mutating func set(_ form: DecimalForm, width: Int) {
    let value = form.value(of: units)
    bits = width == 64 ? value.bitPattern : UInt64(Float(value).bitPattern)
  }
}
