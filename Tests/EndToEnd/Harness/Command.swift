// SPDX-License-Identifier: Apache-2.0
import TestSupport

/// A program that is run to its end.
struct Command: Sendable {
  struct Result: Sendable {
    /// Nil: it was killed, by a signal or because its time was over.
    var status: Int32?
    var output: String
    var errors: String
    var all: String { output + errors }
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static func run(
    _ program: String, _ arguments: [String], environment: [String] = [], input: String? = nil,
    within limit: Duration = .seconds(120)
  ) async throws -> Result {
    let folder = try TemporaryFolder()
    let from = try input.map { try folder.write($0, to: "input") }
    let child = try ChildProcess(
      program, arguments, environment: environment, input: from, output: folder.file("output"),
      errors: folder.file("errors"))
    let end = await child.wait(within: limit)
    child.kill()
    var status: Int32?
    if case .exited(let code) = end { status = code }
    return Result(
      status: status, output: Files.text(folder.file("output")), errors: Files.text(folder.file("errors")))
  }

  /// Throws with what it said when it did not end well.
  @discardableResult
  static func check(
    _ program: String, _ arguments: [String], environment: [String] = [],
    within limit: Duration = .seconds(120)
  ) async throws -> String {
    let result = try await run(program, arguments, environment: environment, within: limit)
    guard result.status == 0 else {
      throw Failure(
        description:
          "\(program) \(arguments.joined(separator: " ")): \(result.status.map { "status \($0)" } ?? "killed")"
          + "\n" + result.all)
    }
    return result.output
  }
}
