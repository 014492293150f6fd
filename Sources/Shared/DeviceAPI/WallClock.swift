// SPDX-License-Identifier: Apache-2.0
internal import CShims

/// The time of day. Passed in, so that tests can set it.
package struct WallClock: Sendable {
  private let read: @Sendable () -> Int64

  package init(_ read: @escaping @Sendable () -> Int64) { self.read = read }

  /// Unix nanoseconds.
  package var nanoseconds: Int64 { read() }
  /// Unix milliseconds.
  package var milliseconds: Int64 { read() / 1_000_000 }

  package static let system = WallClock { sv_wall_ns() }

  /// CLOCK_MONOTONIC, nanoseconds: for waiting and measuring, never for showing.
  package static var monotonic: Int64 { sv_monotonic_ns() }
}
