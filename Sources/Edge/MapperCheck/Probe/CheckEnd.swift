// SPDX-License-Identifier: Apache-2.0

/// How a check ends early. One that returns has passed.
package enum CheckEnd: Error, Equatable, Sendable {
  /// The mapper does not keep the requirement.
  case failed(expected: String, seen: String)
  /// The requirement does not apply, or what it needs is not there.
  case skipped(String)
}
