// SPDX-License-Identifier: Apache-2.0

/// Method calls over MQTT since the start.
package struct MethodCallStatistics: Sendable, Equatable {
  package var requests: UInt64 = 0
  /// Answered with a code: malformed, not possible, or failed.
  package var refused: UInt64 = 0
  /// Of these, those that came while too many were under way.
  package var dropped: UInt64 = 0
  package var underWay = 0

  package init() {}
}
