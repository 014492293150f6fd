// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Where the programs under test and their files are.
enum Programs {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// The top of the repository, through any link that a package may have made to it.
  static let repository: String = {
    guard let file = realpath(#filePath, nil) else { return "." }
    defer { free(file) }
    let parts = String(cString: file).split(separator: "/")
    return "/" + parts.dropLast(4).joined(separator: "/")
  }()

  /// `$SELVEDGE_PROGRAMS`, or where SwiftPM puts what it builds.
  private static let folders: [String] = {
    if let folder = getenv("SELVEDGE_PROGRAMS") { return [String(cString: folder)] }
    // The tests run inside a bundle that lies beside the programs.
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
    let beside = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    return [beside, repository + "/.build/debug"]
  }()

  static func path(_ name: String) throws -> String {
    for folder in folders where access(folder + "/" + name, X_OK) == 0 { return folder + "/" + name }
    throw Missing(description: "\(name) is not in \(folders.joined(separator: ", ")): swift build")
  }

  /// A mapper library as `make mappers` leaves it.
  static func mapper(_ name: String) throws -> String {
    let path = repository + "/.build/mappers/\(name).so"
    guard access(path, R_OK) == 0 else { throw Missing(description: "\(path) is not there: make mappers") }
    return path
  }

  static func fixture(_ name: String) -> String { repository + "/Tests/Fixtures/" + name }
}
