// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import Glibc

/// Text files on their way into a new folder. All are read before the first is written.
struct FileCopies {
  private struct Copy {
    /// Relative to the new folder.
    var path: String
    var text: String
    var mode: mode_t
  }

  private var copies: [Copy] = []

  init(of folder: String) throws(MapperTemplate.Failure) { try add(folder) }

  /// A later file takes the place of an earlier one at the same path.
  mutating func add(_ folder: String, under prefix: String = "") throws(MapperTemplate.Failure) {
    guard let list = opendir(folder) else { throw Self.failure(folder) }
    defer { closedir(list) }
    var names: [String] = []
    while let entry = readdir(list) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    for name in names.sorted() where name != "." && name != ".." {
      let path = prefix.isEmpty ? name : prefix + "/" + name
      var status = stat()
      guard stat(folder + "/" + name, &status) == 0 else { throw Self.failure(folder + "/" + name) }
      if status.st_mode & S_IFMT == S_IFDIR {
        try add(folder + "/" + name, under: path)
      } else {
        try add(file: folder + "/" + name, as: path)
      }
    }
  }

  mutating func add(file: String, as path: String) throws(MapperTemplate.Failure) {
    let text: String
    do throws(FileError) {
      text = String(decoding: try TextFile.read(file), as: UTF8.self)
    } catch {
      throw MapperTemplate.Failure(description: error.description)
    }
    copies.removeAll { $0.path == path }
    copies.append(Copy(path: path, text: text, mode: access(file, X_OK) == 0 ? 0o755 : 0o644))
  }

  /// Writes them with `@NAME@` replaced; `mapper.c` becomes `NAME.c`.
  func write(into folder: String, name: String) throws(MapperTemplate.Failure) {
    for copy in copies {
      let path = folder + "/" + (copy.path == "mapper.c" ? name + ".c" : copy.path)
      try Self.makeFolders(of: path)
      let text = copy.text.replacing("@NAME@", with: name)
      guard let file = fopen(path, "wx") else { throw Self.failure(path) }
      let isWritten = fputs(text, file) >= 0
      guard fclose(file) == 0, isWritten, chmod(path, copy.mode) == 0 else { throw Self.failure(path) }
    }
  }

  private static func makeFolders(of path: String) throws(MapperTemplate.Failure) {
    var folder = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/").dropLast() {
      folder += "/" + part
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw failure(folder) }
    }
  }

  private static func failure(_ path: String) -> MapperTemplate.Failure {
    MapperTemplate.Failure(description: FileError.last(path).description)
  }
}
