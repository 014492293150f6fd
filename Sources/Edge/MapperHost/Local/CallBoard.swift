// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc

/// The call board of an engine in this process. It stays mapped until `unmap`: lanes that do not come back note on it.
///
/// Sound as `@unchecked Sendable`: it is memory of atomics, made for threads to share.
final class CallBoard: @unchecked Sendable {
  let pointer: OpaquePointer

  init() throws(FileProblem) {
    let memory = sv_board_create()
    defer { if memory >= 0 { close(memory) } }
    guard memory >= 0, let board = sv_board_map(memory) else {
      throw FileProblem("cannot make a call board", code: errno)
    }
    pointer = board
  }

  /// The calling thread's calls outside of lanes are noted in `body`.
  func noting<Result>(_ body: () -> Result) -> Result {
    sv_board_take_slot(pointer, 0)
    defer { sv_board_take_slot(pointer, -1) }
    return body()
  }

  /// Once none of the engine's threads is left.
  func unmap() { sv_board_unmap(pointer) }
}
