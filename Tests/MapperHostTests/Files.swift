// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport

extension TemporaryFolder {
  func makeFolder(_ name: String) throws -> String {
    let folder = file(name)
    guard mkdir(folder, 0o755) == 0 else { throw TestError("mkdir \(folder): \(errno)") }
    return folder
  }
}

struct TestError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Writes a file in one go, in place if it exists.
func write(_ bytes: some Collection<UInt8>, to path: String) throws {
  guard let file = fopen(path, "we") else { throw TestError("fopen \(path): \(errno)") }
  defer { fclose(file) }
  let bytes = Array(bytes)
  guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
    throw TestError("fwrite \(path): \(errno)")
  }
}

/// Writes beside and moves into place, as package managers do.
func moveInto(_ path: String, _ bytes: [UInt8]) throws {
  try write(bytes, to: path + ".part")
  guard rename(path + ".part", path) == 0 else { throw TestError("rename \(path): \(errno)") }
}
