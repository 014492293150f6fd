// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Texts of a library, NUL-terminated by its own word only: never read beyond a limit.
enum ForeignText {
  /// Nil when it is longer than `limit` bytes or no UTF-8.
  static func checked(_ text: UnsafePointer<CChar>, limit: Int) -> String? {
    let count = strnlen(text, limit + 1)
    guard count <= limit else { return nil }
    return String(validating: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self)
  }

  /// Cut at `limit` bytes, and with what is no UTF-8 replaced.
  static func clipped(_ text: UnsafePointer<CChar>, limit: Int = 1024) -> String {
    String(decoding: UnsafeRawBufferPointer(start: text, count: strnlen(text, limit)), as: UTF8.self)
  }
}
