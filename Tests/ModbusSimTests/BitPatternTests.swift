// SPDX-License-Identifier: Apache-2.0
import Testing
@testable import modbus_sim

@Suite struct BitPatternTests {
  @Test(arguments: [
    ("constant", BitPattern.constant(false)), ("constant:0", .constant(false)),
    ("constant:1", .constant(true)), ("toggle", .toggle),
  ]) func `takes each name`(text: String, pattern: BitPattern) {
    #expect(BitPattern(argument: text) == pattern)
    #expect(BitPattern(argument: pattern.defaultValueDescription) == pattern)
  }

  @Test(arguments: ["", "constant:", "constant:2", "constant:true", "toggle:1", "sine"])
  func `refuses other texts`(text: String) { #expect(BitPattern(argument: text) == nil) }

  @Test func `neighbours toggle by turns`() {
    let bits = (0..<2).map { tick in
      (0..<4).map { BitPattern.toggle.bit(at: $0, Moment(tick: tick, clock: 0)) }
    }
    #expect(bits == [[false, true, false, true], [true, false, true, false]])
    #expect(BitPattern.constant(true).bit(at: 8, Moment(tick: 3, clock: 0)))
    #expect(!BitPattern.constant(false).bit(at: 9, Moment(tick: 3, clock: 0)))
  }
}
