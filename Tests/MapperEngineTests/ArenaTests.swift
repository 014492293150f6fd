// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MapperEngine

@Suite(.blocking) struct ArenaTests {
  @Test func `gives aligned memory that does not overlap`() {
    var arena = Arena()
    var places: [(UInt, Int)] = []
    for size in [1, 7, 64, 20_000, 3, 16_000, 500] {
      guard let memory = arena.allocate(size, align: 64) else {
        Issue.record("no memory for \(size)")
        continue
      }
      let start = UInt(bitPattern: memory)
      #expect(start % 64 == 0)
      #expect(places.allSatisfy { start >= $0.0 + UInt($0.1) || start + UInt(size) <= $0.0 })
      places.append((start, size))
    }
  }

  @Test func `refuses odd alignments, negative sizes and more than its limit`() {
    var arena = Arena()
    let refused = [(8, 3), (8, 0), (-1, 8), (Arena.limit + 1, 8)].map { arena.allocate($0.0, align: $0.1) }
    #expect(refused.allSatisfy { $0 == nil })
    let almostAll = arena.allocate(Arena.limit - 64, align: 8)
    #expect(almostAll != nil)
    let tooMuch = arena.allocate(1 << 20, align: 8)
    #expect(tooMuch == nil)
    arena.reset()
    let again = arena.allocate(1 << 10, align: 8)
    #expect(again != nil)
  }

  @Test func `limits a driver that logs in a loop and says how much was left out`() {
    var limiter = LogLimiter()
    let admitted = (0..<1000).count { _ in limiter.admit(at: 0) == .pass }
    #expect(admitted == 100)
    let later = limiter.admit(at: 1_000_000_000)
    #expect(later == .passAfter(dropped: 900))
  }
}
