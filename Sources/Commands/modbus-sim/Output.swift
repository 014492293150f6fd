// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Standard output, a line a call: whoever reads it through a pipe has each line at once.
enum Output {
  static func line(_ text: String) {
    var bytes = Array(text.utf8)
    bytes.append(UInt8(ascii: "\n"))
    _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }
}
