// SPDX-License-Identifier: Apache-2.0
import Testing
@testable import modbus_sim

@Suite struct UnitListTests {
  private static let good: [(text: String, units: [UInt8])] = [
    ("1", [1]), ("0", [0]), ("255", [255]), ("1,2,10-12", [1, 2, 10, 11, 12]), ("7-7", [7]),
    ("3,1", [3, 1]), ("0-255", Array(0...255)),
  ]

  @Test(arguments: good) func `takes numbers and ranges, in their order`(
    _ good: (text: String, units: [UInt8])
  ) {
    #expect(UnitList(argument: good.text)?.units == good.units)
  }

  @Test(arguments: [
    "", ",", "1,", ",1", "1,,2", "256", "-1", "1-", "-", "5-2", "1-256", "1-2-3", "a", "1 2", "1, 2", "0x1",
  ]) func `refuses other texts`(text: String) { #expect(UnitList(argument: text) == nil) }

  @Test func `shows what it would take`() {
    #expect(UnitList([1, 2, 9]).defaultValueDescription == "1,2,9")
  }
}
