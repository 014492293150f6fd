// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What tells one content of a file from another without reading it.
struct FileStatus: Equatable {
  var device: UInt
  var inode: UInt
  var size: Int
  /// Unix nanoseconds.
  var modified: Int64
  var isRegular: Bool
}

extension FileStatus {
  init(_ raw: stat) {
    device = UInt(raw.st_dev)
    inode = UInt(raw.st_ino)
    size = Int(raw.st_size)
    modified = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
    isRegular = raw.st_mode & S_IFMT == S_IFREG
  }

  /// Follows symbolic links; nil when there is no such file.
  init?(path: String) {
    var raw = stat()
    guard stat(path, &raw) == 0 else { return nil }
    self.init(raw)
  }
}
