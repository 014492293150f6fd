// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import EventBus

struct BackOffTests {
  @Test func `doubles up to its limit, spread by a fifth, and starts again after a reset`() {
    var backOff = BackOff(first: 500, limit: 5_000)
    for expected in [500, 1_000, 2_000, 4_000, 5_000, 5_000] {
      #expect((expected * 4 / 5...expected * 6 / 5).contains(backOff.next()))
    }
    backOff.reset()
    #expect((400...600).contains(backOff.next()))
  }
}
