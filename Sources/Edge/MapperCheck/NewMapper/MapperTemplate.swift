// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import Glibc

/// The files of a new mapper, and where they are copied from.
///
/// `Template` is for a folder of the repository; `Standalone` is laid over it for a repository of its own, together
/// with the headers and the lines that build a mapper. `@NAME@` in a file is the mapper's name, and `mapper.c`
/// becomes `NAME.c`.
package struct MapperTemplate {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// Folders and files, each as it lies in the repository or as it was installed.
  let template: String
  let standalone: String
  let headers: String
  let makefiles: String
  /// Of the repository; empty for what was installed.
  let mappers: String

  /// - Parameters:
  ///   - folder: that has `Template` and `Standalone`; nil: it is looked for.
  ///   - program: `mapper-check` itself.
  package static func find(_ folder: String?, program: String) throws(Failure) -> MapperTemplate {
    let bin = parent(of: program)
    // .build/<machine>/debug/mapper-check of a repository.
    var root = bin
    for _ in 0..<5 {
      root = parent(of: root)
      if isThere(root + "/Plugins/NewMapper/Template/mapper.c") { break }
    }
    if let folder {
      guard isThere(folder + "/Template/mapper.c") else {
        throw Failure(description: "\(folder): expected the folders Template and Standalone")
      }
      return MapperTemplate(in: folder, root: parent(of: parent(of: folder)))
    }
    if isThere(root + "/Plugins/NewMapper/Template/mapper.c") {
      return MapperTemplate(in: root + "/Plugins/NewMapper", root: root)
    }
    let prefix = parent(of: bin)
    let installed = prefix + "/share/selvedge/new-mapper"
    guard isThere(installed + "/Template/mapper.c") else {
      throw Failure(
        description:
          "no template at \(installed), and mapper-check is not in a repository: say where with --template")
    }
    return MapperTemplate(
      template: installed + "/Template", standalone: installed + "/Standalone",
      headers: prefix + "/include/mapper",
      makefiles: prefix + "/share/selvedge", mappers: "")
  }

  private init(in folder: String, root: String) {
    self.init(
      template: folder + "/Template", standalone: folder + "/Standalone", headers: root + "/include/mapper",
      makefiles: root + "/mappers", mappers: root + "/mappers")
  }

  private init(template: String, standalone: String, headers: String, makefiles: String, mappers: String) {
    self.template = template
    self.standalone = standalone
    self.headers = headers
    self.makefiles = makefiles
    self.mappers = mappers
  }

  /// Writes the files; nothing is written when the name is bad or the folder is there.
  ///
  /// - Parameter standalone: the folder for a repository; nil: into the repository that the template is of.
  /// - Returns: the new folder.
  package func write(name: String, standalone folder: String?) throws(Failure) -> String {
    guard Self.isName(name) else {
      throw Failure(
        description:
          "name '\(name)': expected small letters, digits and single hyphens, a letter first, 40 at most")
    }
    guard let parent = folder ?? (mappers.isEmpty ? nil : mappers) else {
      throw Failure(description: "not in the repository: say where to with --standalone DIR")
    }
    let target = parent + "/" + name
    guard !Self.isThere(target) else {
      throw Failure(description: "\(target) exists already: choose another name, or remove it first")
    }
    var copies = try FileCopies(of: template)
    if folder != nil {
      try copies.add(self.standalone)
      try copies.add(headers, under: "include/mapper")
      for file in ["mapper.mk", "mapper.map", "embed.sh"] {
        try copies.add(file: makefiles + "/" + file, as: file)
      }
    }
    try copies.write(into: target, name: name)
    return target
  }

  package static func words(_ folder: String, name: String, isStandalone: Bool) -> String {
    let build = isStandalone ? folder + "/build" : parent(of: parent(of: folder)) + "/.build"
    let library = "\(build)/mappers/\(name).so"
    return """
      \(folder): a working driver to start from
        build    make -C \(folder)
        check    make -C \(folder) check
        use      copy \(library) into the mappers folder, and
                 \(folder)/cases/first/device.yaml into the manifests folder
        next     \(folder)/\(name).c explains each function; the guide is docs/mappers.md
      """
  }

  static func isName(_ name: String) -> Bool {
    guard (1...40).contains(name.utf8.count), name.utf8.first.map(isLetter) == true, name.utf8.last != hyphen,
      !name.contains("--")
    else { return false }
    return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == hyphen }
  }

  private static let hyphen = UInt8(ascii: "-")
  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

  private static func parent(of path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }
}
