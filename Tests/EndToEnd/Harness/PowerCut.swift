// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport

/// A disk that loses its power: see Tests/Fixtures/powercut/powercut.c.
final class PowerCut: Sendable {
  /// The folder whose files are watched.
  let folder: String
  private let place: TemporaryFolder
  private var disk: String { place.file("disk") }
  private var library: String { place.file("powercut.so") }

  /// Builds the library.
  init(folder: String) async throws {
    self.folder = folder
    place = try TemporaryFolder()
    try await Command.check(
      "/usr/bin/cc",
      [
        "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC", "-pthread",
        "-o",
        library, Programs.fixture("powercut/powercut.c"), "-ldl",
      ])
  }

  /// What a program needs so that its writes count; for one program at a time, and anew for each.
  func environment() throws -> [String] {
    for name in Files.list(disk + "/data") { try Files.remove(disk + "/data/" + name) }
    rmdir(disk + "/data")
    if access(disk + "/names", F_OK) == 0 { try Files.remove(disk + "/names") }
    try Files.makeFolder(disk)
    return ["LD_PRELOAD=" + library, "POWERCUT_FOLDER=" + folder, "POWERCUT_DISK=" + disk]
  }

  /// After the program was killed: leaves in the folder what the disk holds, and nothing else.
  func cut() throws {
    for name in Files.list(folder) where isFile(folder + "/" + name) { try Files.remove(folder + "/" + name) }
    for line in Files.text(disk + "/names").split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      let bytes = (try? Files.read(disk + "/data/" + parts[0])) ?? []
      try Files.write(bytes, to: folder + "/" + parts[1])
    }
  }

  private func isFile(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
