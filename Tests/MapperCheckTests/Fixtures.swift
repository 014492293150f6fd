// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport

@testable import MapperCheck

/// Libraries and programs for these tests.
enum Fixtures {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// The top of the repository, through any link that a package may have made to it.
  static let repository: String = {
    guard let file = realpath(#filePath, nil) else { return "." }
    defer { free(file) }
    return "/" + String(cString: file).split(separator: "/").dropLast(3).joined(separator: "/")
  }()

  /// The libraries of Tests/Fixtures/mappers, built once for all tests.
  private static let libraries = Result<TemporaryFolder, any Error> {
    let folder = try TemporaryFolder()
    let made = try ToolProcess.run(
      "make", ["-C", repository + "/Tests/Fixtures/mappers", "OUT=" + folder.path])
    guard made.status == 0 else { throw Missing(description: made.output) }
    return folder
  }

  static func library(_ name: String) throws -> String { try libraries.get().path + "/\(name).so" }

  /// A program of this package: they lie beside the bundle of the tests.
  static func program(_ name: String) throws -> String {
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
    let folder = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    let path = folder + "/" + name
    guard access(path, X_OK) == 0 else { throw Missing(description: "\(path) is not there: swift build") }
    return path
  }

  /// Each takes seconds and blocks: never on a thread of Swift's pool, which other tests wait for.
  static func check(_ options: @escaping @Sendable () throws -> CheckOptions) async throws -> [CheckResult] {
    try await offload { CheckSuite(try options()).run() }
  }

  static func tool(_ program: String, _ arguments: [String]) async throws -> (status: Int32, output: String) {
    try await offload {
      let end = try ToolProcess.run(program, arguments)
      return (end.status, end.output)
    }
  }

  /// - Parameter limit: seconds that one check may take.
  static func options(
    _ library: String, device: String? = nil, only: [String] = [], limit: Int = 60
  ) throws -> CheckOptions {
    var options = CheckOptions(
      probe: ProbeOptions(
        library: library, deviceFile: device, cycles: 300, cycleSeconds: 2,
        runner: try program("mapper-runner")),
      program: try program("mapper-check"))
    options.only = only
    options.limitMilliseconds = limit * 1000
    return options
  }
}
