// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MapperHost

@Suite struct SessionIDsTests {
  @Test func `no number comes twice and the table stays dense`() throws {
    var ids = SessionIDs()
    var seen: Set<UInt32> = []
    let first = ids.take()
    let kept = try #require(first)
    #expect(kept == 1)
    for _ in 0..<200_000 {
      guard let id = ids.take() else {
        Issue.record("no number left")
        return
      }
      #expect(id != 0 && id != kept)
      #expect(seen.insert(id).inserted)
      #expect(SessionIDs.place(of: id) <= 5)
      ids.giveBack(id)
    }
  }

  @Test func `places run out at 65,535`() {
    var ids = SessionIDs()
    var count = 0
    while ids.take() != nil { count += 1 }
    #expect(count == 65_535)
  }
}
