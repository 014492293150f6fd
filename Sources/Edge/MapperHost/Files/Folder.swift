// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What is done with folders.
enum Folder {
  /// Makes a folder and those above it; one that is there already is left as it is.
  static func create(_ path: String, mode: mode_t) throws(FileProblem) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      guard mkdir(made, mode) == 0 || errno == EEXIST || exists(made) else {
        throw FileProblem("cannot create the folder \(made)", code: errno)
      }
    }
    guard exists(path) else { throw FileProblem("\(path) is not a folder") }
  }

  static func exists(_ path: String) -> Bool {
    var raw = stat()
    return stat(path, &raw) == 0 && raw.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a folder, sorted.
  static func names(in path: String) throws(FileProblem) -> [String] {
    guard let folder = opendir(path) else { throw FileProblem("cannot read the folder \(path)", code: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }
}
