// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Files, as the tests write them for the node.
enum Files {
  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ path: String) { description = "\(path): \(String(cString: strerror(errno)))" }
  }

  static func makeFolder(_ path: String) throws {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/" + part
      guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw Failure(made) }
    }
  }

  static func read(_ path: String) throws -> [UInt8] {
    guard let stream = fopen(path, "re") else { throw Failure(path) }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { bytes += buffer[..<count] }
    return bytes
  }

  static func text(_ path: String) -> String {
    String(decoding: (try? read(path)) ?? [], as: UTF8.self)
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    guard let stream = fopen(path, "we") else { throw Failure(path) }
    defer { fclose(stream) }
    guard fwrite(bytes, 1, bytes.count, stream) == bytes.count else { throw Failure(path) }
  }

  static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

  /// As `cp` does it: into the place, not beside it.
  static func copy(_ source: String, to target: String) throws { try write(read(source), to: target) }

  static func remove(_ path: String) throws {
    guard unlink(path) == 0 else { throw Failure(path) }
  }

  /// The names in a folder, sorted; none where there is no such folder.
  static func list(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
