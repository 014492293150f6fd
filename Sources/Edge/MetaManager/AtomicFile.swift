// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import Glibc

/// Replaces files so that a power cut leaves the old or the new one, whole. Blocks on the disk.
enum AtomicFile {
  /// Hidden from the scan, and told from an editor's by its end.
  static func temporary(of name: String) -> String { "." + name + temporarySuffix }
  static let temporarySuffix = ".selvedge-new"

  /// Writes all files, or none: every new text is on disk before the first takes its place.
  static func replace(_ files: [(name: String, text: String)], in folder: String) throws(FileError) {
    do throws(FileError) {
      for file in files { try write(file.text, to: file.name, in: folder) }
      for file in files {
        let temporary = folder + "/" + temporary(of: file.name)
        let path = folder + "/" + file.name
        guard rename(temporary, path) == 0 else { throw .last(path) }
      }
      try synchronize(folder)
    } catch {
      for file in files { unlink(folder + "/" + temporary(of: file.name)) }
      throw error
    }
  }

  static func remove(_ names: [String], in folder: String) throws(FileError) {
    for name in names {
      let path = folder + "/" + name
      guard unlink(path) == 0 || errno == ENOENT else { throw .last(path) }
    }
    try synchronize(folder)
  }

  /// A folder and those above it.
  static func makeFolder(_ path: String) throws(FileError) {
    var end = path.startIndex
    while end < path.endIndex {
      end = path[end...].dropFirst().firstIndex(of: "/") ?? path.endIndex
      let part = String(path[..<end])
      guard mkdir(part, 0o755) == 0 || errno == EEXIST else { throw .last(part) }
    }
  }

  private static func write(_ text: String, to name: String, in folder: String) throws(FileError) {
    let path = folder + "/" + temporary(of: name)
    // Settings may hold passwords, so a new file is not for everybody; an old one keeps its mode.
    var status = stat()
    let mode = stat(folder + "/" + name, &status) == 0 ? status.st_mode & 0o777 : 0o640
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw .last(path) }
    defer { close(descriptor) }
    var text = text
    let isWritten = text.withUTF8 { bytes in
      var at = 0
      while at < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + at }, bytes.count - at)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        at += count
      }
      return true
    }
    guard isWritten, fsync(descriptor) == 0 else { throw .last(path) }
  }

  /// Makes renames and removals in the folder last.
  private static func synchronize(_ folder: String) throws(FileError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .last(folder) }
  }
}
