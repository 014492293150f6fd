// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Why a command cannot go on, for the person who started it.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// With the reason that the last system call left.
  static func system(_ doing: String) -> Failure {
    let reason = errno
    return Failure("\(doing): \(String(cString: strerror(reason)))")
  }
}
