// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A folder that goes away with its owner.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/mapper-host-XXXXXX".utf8CString)
    guard let made = template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } })
    else {
      throw TestError("mkdtemp: \(errno)")
    }
    path = String(cString: made)
  }

  deinit { _ = system("rm -rf '\(path)'") }

  func makeFolder(_ name: String) throws -> String {
    let folder = path + "/" + name
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

/// Waits until `condition` holds; false after `seconds`.
func eventually(_ seconds: Double = 10, _ condition: () -> Bool) async -> Bool {
  let clock = ContinuousClock()
  let end = clock.now + .seconds(seconds)
  while clock.now < end {
    if condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return condition()
}
