// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Enough of a file's state to see that it is another one, or was written to.
struct FileSignature: Equatable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let written: Int64
  private let changed: Int64

  /// Follows links. Nil when there is no such file, and for folders.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    written = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
