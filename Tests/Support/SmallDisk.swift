// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A file system in memory that is soon full and may become read-only; needs root.
package final class SmallDisk: Sendable {
  package struct MountError: Error {
    package let number: Int32
  }

  package let path: String
  private let folder: TemporaryFolder?
  private let size: String

  /// Whether this process may mount.
  package static var isPossible: Bool {
    guard geteuid() == 0, let disk = try? SmallDisk(kilobytes: 64) else { return false }
    _ = disk
    return true
  }

  /// - Parameter place: a folder to mount it on; nil: one of its own.
  package init(kilobytes: Int, at place: String? = nil) throws {
    folder = try place == nil ? TemporaryFolder() : nil
    path = place ?? (folder.map { $0.path + "/disk" } ?? "")
    size = "size=\(kilobytes)k"
    mkdir(path, 0o755)
    guard mount("tmpfs", path, "tmpfs", UInt(MS_NOSUID), size) == 0 else { throw MountError(number: errno) }
  }

  deinit { umount2(path, Int32(MNT_DETACH)) }

  package func makeReadOnly(_ isReadOnly: Bool) throws {
    let flags = UInt(MS_REMOUNT) | UInt(MS_NOSUID) | (isReadOnly ? UInt(MS_RDONLY) : 0)
    guard mount("tmpfs", path, "tmpfs", flags, size) == 0 else { throw MountError(number: errno) }
  }

  /// Takes all the space that is left, with a file of this name.
  package func fill(_ name: String = "filler") {
    let file = open(path + "/" + name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    defer { close(file) }
    let bytes = [UInt8](repeating: 1, count: 4096)
    while write(file, bytes, bytes.count) > 0 {}
  }

  package func free(_ name: String = "filler") { unlink(path + "/" + name) }
}
