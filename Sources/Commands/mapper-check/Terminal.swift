// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Glibc

/// Words to the user, and paths.
enum Terminal {
  /// Ends with status 2: it could not be run.
  static func refuse(_ text: String) throws -> Never {
    put("mapper-check: " + text + "\n", 2)
    throw ExitCode(2)
  }

  /// A text of several lines on standard error.
  static func complain(_ text: String) { put(text + "\n", 2) }

  /// A line on standard output, at once: also into a pipe.
  static func say(_ line: String) { put(line + "\n", 1) }

  private static func put(_ text: String, _ descriptor: Int32) {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      written += count
    }
  }

  static func reason(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }

  /// Without links; nil with errno when it is not there.
  static func absolute(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// A program in the folder of another; nil when it is not there.
  static func beside(_ program: String, _ name: String) -> String? {
    let folder = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    let path = folder + "/" + name
    return access(path, X_OK) == 0 ? path : nil
  }

  /// False with errno.
  static func write(_ text: String, to path: String) -> Bool {
    guard let file = fopen(path, "w") else { return false }
    let isWritten = fputs(text, file) >= 0
    return fclose(file) == 0 && isWritten
  }
}
