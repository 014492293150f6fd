// SPDX-License-Identifier: Apache-2.0

/// The data of one unit. What a client has written stays; the rest follows the patterns.
struct SimulatedUnit {
  let size: Int
  private let inputPattern: Pattern
  private let holdingPattern: Pattern
  private let discretePattern: BitPattern
  private var coils: [Bool]
  /// Values of written holding registers; nil: the pattern shows.
  private var written: [UInt16?]

  init(size: Int, input: Pattern, holding: Pattern, discrete: BitPattern) {
    self.size = size
    inputPattern = input
    holdingPattern = holding
    discretePattern = discrete
    coils = Array(repeating: false, count: size)
    written = Array(repeating: nil, count: size)
  }

  /// Addresses below `size` exist.
  func contains(_ address: Int, count: Int) -> Bool { address + count <= size }

  func word(_ space: RegisterSpace, at address: Int, _ moment: Moment) -> UInt16 {
    if space == .input { return inputPattern.word(at: address, moment) }
    return written[address] ?? holdingPattern.word(at: address, moment)
  }

  func bit(_ space: RegisterSpace, at address: Int, _ moment: Moment) -> Bool {
    space == .discrete ? discretePattern.bit(at: address, moment) : coils[address]
  }

  mutating func setHolding(_ word: UInt16, at address: Int) { written[address] = word }

  mutating func setCoil(_ bit: Bool, at address: Int) { coils[address] = bit }
}
