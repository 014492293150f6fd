// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import MapperEngine

/// Finds a call of a driver that does not come back, by what the call board says.
///
/// A driver may block until its call's deadline. One that is still in the same call well after it hears neither
/// deadline nor cancellation, and nothing but the end of its process gives the line back.
struct HangWatch {
  /// How often the board is looked at, nanoseconds.
  static let interval: Int64 = 500_000_000
  /// What a call may take beyond its deadline, nanoseconds.
  static let grace: Int64 = 3_000_000_000

  /// The next time to look, monotonic nanoseconds.
  private(set) var nextLook: Int64 = 0

  /// Nil: nothing hangs, or it is not time to look.
  ///
  /// - Parameters:
  ///   - limit: what a call of a session may take, nanoseconds; nil: no such session.
  ///   - device: the name of a session's device.
  mutating func look(
    at board: OpaquePointer, now: Int64, limit: (_ session: UInt32) -> Int64?,
    device: (_ session: UInt32) -> String?
  ) -> String? {
    guard now >= nextLook else { return nil }
    nextLook = now + Self.interval
    for slot in 0..<Int32(SV_BOARD_SLOTS) {
      let entry = sv_board_read(board, slot)
      guard entry.function != 0, let limit = limit(entry.session) else { continue }
      let time = now - entry.started_ns
      guard time > limit + Self.grace else { continue }
      let function = CallFunction(rawValue: entry.function)?.name ?? "function \(entry.function)"
      return
        "did not come back from \(function) of \(device(entry.session) ?? "a device") for \(time / 1_000_000) ms "
        + "(deadline \(limit / 1_000_000) ms); it was killed"
    }
    return nil
  }
}
