// SPDX-License-Identifier: Apache-2.0
internal import Glibc

enum Errno {
  /// The system's words for an error number, in lower case as a part of a sentence.
  static func text(_ code: Int32 = errno) -> String { String(cString: strerror(code)).lowercased() }
}
