// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import TestSupport

/// Builds mappers of Tests/Fixtures from their source, each once a test run, and gives every caller a copy: two engines
/// with one library would share its variables.
enum FixtureMapper {
  struct BuildError: Error { let command: String }

  /// Removed when the tests end: nobody owns what is static.
  private static let folder = Result {
    atexit(removeFixtures)
    return try TemporaryFolder()
  }
  private static let built = Mutex<[String: Result<String, any Error>]>([:])
  private static let copies = Atomic(0)

  static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// The library of a test mapper. `macros` ("FAULT=3") choose a variant.
  static func library(_ name: String, _ macros: String...) throws -> String {
    try build("Tests/Fixtures/mappers/\(name).c", macros.map { "-D\($0)" } + ["-I'\(root)/include'"])
  }

  /// The mapper that was written against 1.0 and knows nothing of our headers.
  static func frozen() throws -> String { try build("Tests/Fixtures/abi-1.0/mapper.c", []) }

  private static func build(_ source: String, _ options: [String]) throws -> String {
    let original = try compile(source, options)
    let copy = try folder.get().path + "/copy-\(copies.add(1, ordering: .relaxed).newValue).so"
    let command = "cp '\(original)' '\(copy)'"
    guard system(command) == 0 else { throw BuildError(command: command) }
    return copy
  }

  private static func compile(_ source: String, _ options: [String]) throws -> String {
    // The lock is held while the compiler runs, so that two tests do not build the same library.
    try built.withLock { built in
      let key = ([source] + options).joined(separator: " ")
      if let known = built[key] { return known }
      let number = built.count
      let result = Result<String, any Error> {
        let path = try folder.get().path + "/fixture-\(number).so"
        let command = """
          cc -std=c11 -pthread -shared -fPIC -fvisibility=hidden -O1 -Wall -Wextra -Werror \
          \(options.joined(separator: " ")) -o '\(path)' '\(root)/\(source)'
          """
        guard system(command) == 0 else { throw BuildError(command: command) }
        return path
      }
      built[key] = result
      return result
    }.get()
  }

  fileprivate static func removeFolder() {
    if let folder = try? folder.get() { _ = system("rm -rf '\(folder.path)'") }
  }
}

private func removeFixtures() { FixtureMapper.removeFolder() }
