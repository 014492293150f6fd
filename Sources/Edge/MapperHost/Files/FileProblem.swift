// SPDX-License-Identifier: Apache-2.0
internal import Threads

/// Why a file cannot be taken, for people.
struct FileProblem: Error, Equatable, CustomStringConvertible {
  let description: String
  /// The errno behind it; 0: none.
  let code: Int32

  init(_ description: String) {
    self.description = description
    code = 0
  }

  /// - Parameter code: an errno.
  init(_ doing: String, code: Int32) {
    description = "\(doing): \(SystemError.text(code))"
    self.code = code
  }
}
