// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A file without a name that takes what a process prints, so that it never has to wait for a reader.
final class OutputFile {
  private static let keptBytes = 64 << 10

  private let file: UnsafeMutablePointer<FILE>
  var descriptor: Int32 { fileno(file) }

  /// Nil when the system has no place for one.
  init?() {
    guard let file = tmpfile() else { return nil }
    self.file = file
    _ = fcntl(fileno(file), F_SETFD, FD_CLOEXEC)
  }

  deinit { fclose(file) }

  /// The end of what was printed.
  var text: String {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    let start = max(0, size - Self.keptBytes)
    var bytes = [UInt8](repeating: 0, count: max(0, size - start))
    let count = pread(descriptor, &bytes, bytes.count, off_t(start))
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
