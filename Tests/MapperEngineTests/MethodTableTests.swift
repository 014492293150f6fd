// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MapperEngine

/// Tables of methods that are wrong, as `wrong-methods.c` numbers them.
@Suite(.blocking) struct MethodTableTests {
  private static let faults: [(Int, String)] = [
    (1, "a row of mapper.methods/1 lacks the required member call"),
    (2, "a row of mapper.methods/1 lacks the required member name"),
    (3, "a method's name 'two words' is not 1 to 63 letters, digits, '_' and '-', a letter first"),
    (4, "two methods have the name 'good'"),
    (5, "method 'bad' has 13 arguments, 12 are allowed"),
    (6, "method 'bad' has a result of the unknown type 6"),
    (7, "argument 1 of method 'bad' has the unknown type 0"),
    (8, "method 'bad' lacks the required member arguments"),
    (9, "method 'bad' lacks the required member names"),
    (10, "method 'bad' lacks the required member name of argument 1"),
    (11, "two arguments of method 'bad' have the name 'a'"),
    (12, "a row of mapper.methods/1 has 48 bytes, at least 56 are required"),
    (13, "a row of mapper.methods/1 has 28 bytes, at least 56 are required"),
    (14, "mapper.methods/1 has 16 bytes, at least 24 are required"),
    (15, "mapper.methods/1 lacks the required member rows"),
    (16, "mapper.methods/1 has 1000000 methods, 256 are allowed"),
    (17, "a row of mapper.methods/1 has 64 bytes, but a stride of 56"),
  ]

  @Test(arguments: faults)
  func `a wrong table is refused with the reason`(fault: Int, reason: String) throws {
    let library = try FixtureMapper.library("wrong-methods", "FAULT=\(fault)")
    #expect(EngineBench.refusal(of: library) == reason)
  }
}
