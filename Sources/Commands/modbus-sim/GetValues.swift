// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Reads from a running simulator, or any Modbus TCP device.
struct GetValues: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Reads values and prints a line each: address, tab, value.")

  @OptionGroup var target: TargetOptions

  @Argument(help: "Kind of data.")
  var space: RegisterSpace

  @Argument(help: "Zero-based address of the first value.")
  var address: UInt16

  @Argument(help: "Number of values.")
  var count = 1

  func validate() throws {
    let most = space.isBits ? 2000 : 125 / target.format.registers
    guard (1...most).contains(count) else {
      throw ValidationError("count \(count): expected 1 to \(most) for \(space.rawValue)")
    }
  }

  func run() throws {
    let client = try target.connect()
    let first = Int(address)
    if space.isBits {
      for (index, bit) in try client.readBits(space, from: first, count: count).enumerated() {
        Output.line("\(first + index)\t\(bit ? 1 : 0)")
      }
      return
    }
    let width = target.format.registers
    let words = try client.readWords(space, from: first, count: count * width)
    for start in stride(from: 0, to: words.count, by: width) {
      Output.line("\(first + start)\t\(target.format.text(of: words[start..<start + width]))")
    }
  }
}
