// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// What registers that nobody has written show. Computed when a register is read, so that an idle
/// simulator does nothing.
///
/// The float patterns take two registers from each even address on, the high one first.
enum Pattern: Equatable, ExpressibleByArgument {
  /// The same value always.
  case constant(UInt16)
  /// Each register holds its own address.
  case address
  /// The number of periods since the start, modulo 65,536.
  case counter
  /// float32: a saw tooth from 0 to 99.9 by 0.1 a period, shifted by 0.1 a point.
  case ramp
  /// float32: 50 + 50 · sin, a turn in 360 periods, shifted by a degree a point.
  case sine
  /// float32: milliseconds of the Unix clock modulo 2^20, in sixteenths, at the time of the answer. A
  /// reader can tell how old a value is.
  case clock

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts[0], parts.count) {
    case ("constant", 1): self = .constant(0)
    case ("constant", 2):
      guard let value = UInt16(parts[1]) else { return nil }
      self = .constant(value)
    case ("address", 1): self = .address
    case ("counter", 1): self = .counter
    case ("ramp", 1): self = .ramp
    case ("sine", 1): self = .sine
    case ("clock", 1): self = .clock
    default: return nil
    }
  }

  var defaultValueDescription: String {
    switch self {
    case .constant(let value): "constant:\(value)"
    default: "\(self)"
    }
  }

  static let help = "constant[:VALUE], address, counter, ramp, sine or clock."

  /// The word at `address` in the given moment.
  func word(at address: Int, _ moment: Moment) -> UInt16 {
    switch self {
    case .constant(let value): return value
    case .address: return UInt16(truncatingIfNeeded: address)
    case .counter: return UInt16(truncatingIfNeeded: moment.tick)
    case .ramp: return half(of: Float((moment.tick + address / 2) % 1000) / 10, address)
    case .sine: return half(of: Sine.table[(moment.tick + address / 2) % Sine.table.count], address)
    case .clock: return half(of: moment.clock, address)
    }
  }

  private func half(of value: Float, _ address: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: address % 2 == 0 ? value.bitPattern >> 16 : value.bitPattern)
  }
}
