// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MapperHost

@Suite struct LogLinesTests {
  private func add(_ text: String, to lines: inout LogLines, now: Int64 = 0) -> [String] {
    var emitted: [String] = []
    Array(text.utf8).withUnsafeBytes { lines.add($0, now: now) { emitted.append($0) } }
    return emitted
  }

  @Test func `lines are put together from pieces`() {
    var lines = LogLines()
    #expect(add("one\ntw", to: &lines) == ["one"])
    #expect(add("o\n\nthree", to: &lines) == ["two"])
    var rest: [String] = []
    lines.finish(now: 0) { rest.append($0) }
    #expect(rest == ["three"])
  }

  @Test func `control characters do not reach the terminal`() {
    var lines = LogLines()
    #expect(add("a\u{1B}[2J\tb\r\n", to: &lines) == ["a?[2J\tb?"])
  }

  @Test func `a line without an end is cut`() {
    var lines = LogLines()
    #expect(add(String(repeating: "x", count: 2500), to: &lines).map(\.count) == [1000, 1000])
  }

  @Test func `what comes in frames is cut off too, later`() {
    var lines = LogLines(factor: 2)
    var passed = 0
    var told: [String] = []
    for _ in 0..<1000 {
      lines.pass(now: 0) {
        told.append($0)
      } _: {
        passed += 1
      }
    }
    #expect(passed == 200)
    lines.pass(now: 1_000_000_000) {
      told.append($0)
    } _: {
      passed += 1
    }
    #expect(passed == 201)
    #expect(told == ["(800 lines were dropped: more than 40 a second)"])
  }

  @Test func `a flood is cut off, and says how much was dropped`() {
    var lines = LogLines()
    #expect(add(String(repeating: "x\n", count: 1000), to: &lines).count == 100)
    #expect(
      add("y\n", to: &lines, now: 1_000_000_000).first == "(900 lines were dropped: more than 20 a second)")
  }
}
