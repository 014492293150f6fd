// SPDX-License-Identifier: Apache-2.0
import Testing
@testable import modbus_sim

@Suite struct PatternTests {
  private static func word(_ pattern: Pattern, _ address: Int, tick: Int = 0, clock: Float = 0) -> UInt16 {
    pattern.word(at: address, Moment(tick: tick, clock: clock))
  }

  /// The float32 in the two registers from `address` on, the high one first.
  private static func float(_ pattern: Pattern, _ address: Int, tick: Int = 0, clock: Float = 0) -> Float {
    let high = word(pattern, address, tick: tick, clock: clock)
    let low = word(pattern, address + 1, tick: tick, clock: clock)
    return Float(bitPattern: UInt32(high) << 16 | UInt32(low))
  }

  @Test(arguments: [
    ("constant", Pattern.constant(0)), ("constant:0", .constant(0)), ("constant:65535", .constant(65_535)),
    ("address", .address), ("counter", .counter), ("ramp", .ramp), ("sine", .sine), ("clock", .clock),
  ]) func `takes each name`(text: String, pattern: Pattern) {
    #expect(Pattern(argument: text) == pattern)
    #expect(Pattern(argument: pattern.defaultValueDescription) == pattern)
  }

  @Test(arguments: [
    "", ":", "constant:", "constant:65536", "constant:-1", "constant:1:2", "constant: 1", "Sine", "sine:",
    "sine:1", "noise",
  ]) func `refuses other texts`(text: String) { #expect(Pattern(argument: text) == nil) }

  @Test func `words follow address and time`() {
    #expect(Self.word(.constant(9), 3, tick: 5) == 9)
    #expect(Self.word(.address, 65_535) == 65_535)
    #expect(Self.word(.counter, 3, tick: 65_535) == 65_535)
    #expect(Self.word(.counter, 4, tick: 65_537) == 1)
  }

  @Test func `a ramp rises by a tenth each period and point, and falls back`() {
    #expect(Self.float(.ramp, 0) == 0)
    #expect(Self.float(.ramp, 2) == 0.1)
    #expect(Self.float(.ramp, 0, tick: 999) == 99.9)
    #expect(Self.float(.ramp, 0, tick: 1_000) == 0)
    #expect(Self.float(.ramp, 10, tick: 998) == 0.3)
  }

  @Test func `a sine turns in 360 periods around 50`() {
    #expect(Self.float(.sine, 0) == 50)
    #expect(Self.float(.sine, 0, tick: 90) == 100)
    #expect(abs(Self.float(.sine, 0, tick: 270)) < 0.000_01)
    #expect(abs(Self.float(.sine, 60) - 75) < 0.000_01, "30 points on: 30 degrees")
    #expect(Self.float(.sine, 0, tick: 450) == 100)
  }

  @Test func `a clock shows the time of the answer everywhere`() {
    #expect(Self.float(.clock, 0, clock: 1_048_575.937_5) == 1_048_575.937_5)
    #expect(Self.float(.clock, 40, tick: 7, clock: 0.062_5) == 0.062_5)
  }
}
