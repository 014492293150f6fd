// SPDX-License-Identifier: Apache-2.0

/// The exit status, as the help documents it. Scripts depend on these numbers.
enum Outcome: Int32, Sendable {
  case failed = 1
  case usage = 2
  case notFound = 3
  case unreachable = 4
  case conflict = 5
  case timeout = 6
}

/// Why a command ends without having done its work.
struct Failure: Error, Equatable {
  let code: Outcome
  /// What happened.
  let message: String
  /// What to do about it; may be empty.
  let hint: String

  init(_ code: Outcome, _ message: String, hint: String = "") {
    self.code = code
    self.message = message
    self.hint = hint
  }
}
