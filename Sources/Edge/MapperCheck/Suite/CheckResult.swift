// SPDX-License-Identifier: Apache-2.0

/// What one check found.
package struct CheckResult: Sendable, Equatable {
  package enum Outcome: Sendable, Equatable {
    case passed
    case skipped(String)
    case failed(expected: String, seen: String)
  }

  package var id: String
  package var requirement: String
  /// Empty for a check of the library as a whole.
  package var driver: String
  package var outcome: Outcome
  /// What the library printed, the end of it, where that may help to understand a failure.
  package var output: String
  package var milliseconds: Int

  package var isFailed: Bool { if case .failed = outcome { true } else { false } }
}
