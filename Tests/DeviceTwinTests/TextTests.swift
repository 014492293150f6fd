// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import DeviceTwin

@Suite struct TextTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
      (1_795_515_666, "2026-11-24T10:21:06Z"),
      (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
      (-1, "1969-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func `a time in UTC`(seconds: Int64, text: String) { #expect(TimeText.utc(seconds: seconds) == text) }

  @Test func `a random UUID is of version 4`() {
    var seen = Set<String>()
    for _ in 0..<100 {
      let text = Array(UUIDText.random())
      #expect(text.count == 36)
      #expect([8, 13, 18, 23].allSatisfy { text[$0] == "-" })
      #expect(text[14] == "4" && "89ab".contains(text[19]))
      seen.insert(String(text))
    }
    #expect(seen.count == 100)
  }
}
