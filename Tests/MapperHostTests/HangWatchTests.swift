// SPDX-License-Identifier: Apache-2.0
import CShims
import Glibc
import MapperEngine
import Testing

@testable import MapperHost

/// One board, one writing thread: this one.
@Suite(.serialized) struct HangWatchTests {
  private let second: Int64 = 1_000_000_000

  private func withBoard(_ body: (OpaquePointer) -> Void) throws {
    let memory = sv_board_create()
    let board = try #require(sv_board_map(memory))
    sv_board_take_slot(board, 3)
    body(board)
    sv_board_leave()
    sv_board_take_slot(board, -1)
    sv_board_unmap(board)
    close(memory)
  }

  private func look(_ watch: inout HangWatch, _ board: OpaquePointer, at now: Int64) -> String? {
    let hangs = watch.look(
      at: board, now: now, limit: { $0 == 7 ? second : nil }, device: { $0 == 7 ? "default/sick" : nil })
    return hangs?.first?.verdict(now: now)
  }

  @Test func `names the call and the device once the deadline is well past`() throws {
    try withBoard { board in
      sv_board_enter(7, CallFunction.read.rawValue, 10 * second, 0)
      var watch = HangWatch()
      #expect(look(&watch, board, at: 13 * second) == nil)
      #expect(
        look(&watch, board, at: 15 * second)
          == "did not come back from read of default/sick for 5000 ms (deadline 1000 ms); it was killed")
    }
  }

  @Test func `leaves threads alone that are in no call, or in one of a session that has ended`() throws {
    try withBoard { board in
      var watch = HangWatch()
      #expect(look(&watch, board, at: 100 * second) == nil)
      sv_board_enter(8, CallFunction.read.rawValue, 10 * second, 0)
      #expect(look(&watch, board, at: 200 * second) == nil)
    }
  }

  @Test func `judges a call by the deadline that it has itself`() throws {
    try withBoard { board in
      var watch = HangWatch()
      sv_board_enter(7, CallFunction.call.rawValue, 10 * second, 40 * second)
      #expect(look(&watch, board, at: 42 * second) == nil)
      #expect(
        look(&watch, board, at: 44 * second)
          == "did not come back from call of default/sick for 34000 ms (deadline 30000 ms); it was killed")
      sv_board_enter(0, CallFunction.scan.rawValue, 50 * second, 60 * second)
      #expect(look(&watch, board, at: 62 * second) == nil)
      #expect(
        look(&watch, board, at: 64 * second)
          == "did not come back from scan for 14000 ms (deadline 10000 ms); it was killed")
    }
  }

  @Test(arguments: [
    (Int64.min, Int64.max), (.max, 1), (.min, 0), (-1, .min), (.max, .max),
  ])
  func `times that make no sense do no harm`(_ started: Int64, _ deadline: Int64) throws {
    try withBoard { board in
      sv_board_enter(7, CallFunction.read.rawValue, started, deadline)
      var watch = HangWatch()
      let hangs = watch.look(
        at: board, now: 10 * second, limit: { _ in second }, device: { _ in "default/sick" })
      #expect(hangs?.allSatisfy { (0...10 * second).contains($0.start) && $0.limit >= 0 } == true)
    }
  }

  @Test func `looks twice a second at most`() throws {
    try withBoard { board in
      var watch = HangWatch()
      _ = look(&watch, board, at: 10 * second)
      sv_board_enter(7, CallFunction.write.rawValue, 0, 0)
      #expect(look(&watch, board, at: 10 * second + 1) == nil)
      #expect(look(&watch, board, at: 11 * second) != nil)
    }
  }
}
