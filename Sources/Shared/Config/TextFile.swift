// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Why a file could not be read or written, in the words of the system.
package struct FileError: Error, Equatable, CustomStringConvertible {
  package let path: String
  package let reason: String
  /// `errno`; 0 when the system did not fail.
  package let code: Int32

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
    code = 0
  }

  /// What `errno` says now.
  package static func last(_ path: String) -> FileError { FileError(path: path, code: errno) }

  private init(path: String, code: Int32) {
    self.path = path
    self.code = code
    reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }

  package var description: String { "\(path): \(reason)" }

  package var isNotFound: Bool { code == ENOENT }
}

/// Small files, whole. These calls block on the disk: not for the cooperative pool.
package enum TextFile {
  /// Larger ones are refused: no configuration or manifest is.
  package static let maximumSize = 16 << 20

  package static func read(_ path: String) throws(FileError) -> [UInt8] {
    // O_NONBLOCK, so that a pipe of that name cannot hold us up.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .last(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .last(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path: path, reason: "is no regular file")
    }
    guard status.st_size <= maximumSize else {
      throw FileError(path: path, reason: "is larger than \(maximumSize >> 20) MB")
    }
    // One byte more than it should have, so that the end is seen without a second read.
    var bytes: [UInt8] = []
    var capacity = Int(status.st_size) + 1
    while true {
      let start = bytes.count
      var count = 0
      bytes.append(contentsOf: repeatElement(0, count: capacity))
      bytes.withUnsafeMutableBytes { buffer in
        guard let base = buffer.baseAddress else { return }
        repeat { count = Glibc.read(descriptor, base + start, capacity) } while count < 0 && errno == EINTR
      }
      guard count >= 0 else { throw .last(path) }
      bytes.removeLast(capacity - count)
      if count < capacity, count == 0 || bytes.count >= Int(status.st_size) { return bytes }
      guard bytes.count <= maximumSize else {
        throw FileError(path: path, reason: "is larger than \(maximumSize >> 20) MB")
      }
      capacity = 64 << 10
    }
  }
}
