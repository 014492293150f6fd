// SPDX-License-Identifier: Apache-2.0

/// Exit statuses of a runner, for the host that explains its end.
package enum RunnerExit {
  package static let stopped: Int32 = 0
  /// Not started by a host.
  package static let usage: Int32 = 64
  /// The library was refused; the reason went to the host.
  package static let refused: Int32 = 65
  /// A frame from the host made no sense.
  package static let badFrame: Int32 = 66
  /// The host is gone or takes nothing any more.
  package static let hostGone: Int32 = 67
  /// A driver did not come back when the runner had to stop.
  package static let driverStuck: Int32 = 68
}
