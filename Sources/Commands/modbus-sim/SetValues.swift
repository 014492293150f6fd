// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Writes to a running simulator, or any Modbus TCP device.
struct SetValues: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Writes values from an address on, in one request.")

  @OptionGroup var target: TargetOptions

  @Argument(help: "Kind of data: coil or holding.")
  var space: RegisterSpace

  @Argument(help: "Zero-based address of the first value.")
  var address: UInt16

  @Argument(help: "Values: numbers in the format of --as, or 0 and 1 for coils. Put -- before negative ones.")
  var values: [String]

  func validate() throws {
    guard space.isWritable else {
      throw ValidationError("\(space.rawValue): expected coil or holding; the others cannot be written")
    }
    guard !values.isEmpty else { throw ValidationError("expected a value") }
    let most = space.isBits ? 1968 : 123 / target.format.registers
    guard values.count <= most else {
      throw ValidationError("\(values.count) values: expected at most \(most) for \(space.rawValue)")
    }
  }

  func run() throws {
    if space.isBits {
      let bits = try values.map { text in
        guard text == "0" || text == "1" else { throw Failure("\(text): expected 0 or 1") }
        return text == "1"
      }
      try target.connect().write(bits: bits, at: Int(address))
      return
    }
    let words = try values.flatMap { text in
      guard let words = target.format.words(of: text) else {
        throw Failure("\(text): expected a value of \(target.format.rawValue)")
      }
      return words
    }
    try target.connect().write(words: words, at: Int(address))
  }
}
