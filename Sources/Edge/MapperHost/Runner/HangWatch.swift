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

  /// A call that does not come back.
  struct Hang: Equatable {
    /// 0: of no device.
    var session: UInt32
    /// "read of default/pump-1".
    var call: String
    /// Monotonic nanoseconds.
    var start: Int64
    /// What the call may take, nanoseconds.
    var limit: Int64
  }

  /// The calls that hang; nil when it is not time to look.
  ///
  /// - Parameters:
  ///   - limit: what a call of a session may take that notes no deadline, nanoseconds; nil: no such session.
  ///   - device: the name of a session's device.
  mutating func look(
    at board: OpaquePointer, now: Int64, limit: (_ session: UInt32) -> Int64?,
    device: (_ session: UInt32) -> String?
  ) -> [Hang]? {
    guard now >= nextLook else { return nil }
    nextLook = now + Self.interval
    return (0..<Int32(SV_BOARD_SLOTS)).compactMap { slot in
      let entry = Self.plausible(sv_board_read(board, slot), now: now)
      guard entry.function != 0, let limit = Self.limit(of: entry, limit),
        now - entry.started_ns > limit + Self.grace
      else { return nil }
      let function = CallFunction(rawValue: entry.function)?.name ?? "function \(entry.function)"
      // A scan is of no device.
      let object = entry.session == 0 ? "" : " of \(device(entry.session) ?? "a device")"
      return Hang(session: entry.session, call: function + object, start: entry.started_ns, limit: limit)
    }
  }

  /// A driver can write anything to the board of its runner: its times must not make a difference overflow.
  private static func plausible(_ entry: sv_board_entry, now: Int64) -> sv_board_entry {
    var entry = entry
    entry.started_ns = min(max(0, entry.started_ns), now)
    entry.deadline_ns = min(max(0, entry.deadline_ns), .max / 2)
    return entry
  }

  /// A call's own deadline, if it has one; else what its session says. Nil: not for us to judge.
  private static func limit(of entry: sv_board_entry, _ limit: (_ session: UInt32) -> Int64?) -> Int64? {
    guard entry.session == 0 || limit(entry.session) != nil else { return nil }
    return entry.deadline_ns > 0 ? max(0, entry.deadline_ns - entry.started_ns) : limit(entry.session)
  }
}

extension HangWatch.Hang {
  /// Why the runner that it is in was killed.
  func verdict(now: Int64) -> String {
    "did not come back from \(call) for \((now - start) / 1_000_000) ms (deadline \(limit / 1_000_000) ms); it was "
      + "killed"
  }
}
