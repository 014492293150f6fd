// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A folder of its own for a test, gone with the object.
package final class TemporaryFolder: Sendable {
  package let path: String

  package struct CreateError: Error { package let code: Int32 }

  package init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((parent + "/selvedge.XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw CreateError(code: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  /// The path of an entry of the folder.
  package func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file of the folder and returns its path.
  @discardableResult
  package func write(_ text: String, to name: String) throws -> String {
    guard let stream = fopen(file(name), "we") else { throw CreateError(code: errno) }
    defer { fclose(stream) }
    guard fputs(text, stream) >= 0 else { throw CreateError(code: errno) }
    return file(name)
  }

  private static func remove(_ path: String) {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        if unlink(path + "/" + name) != 0 { remove(path + "/" + name) }
      }
      closedir(folder)
    }
    rmdir(path)
  }
}
