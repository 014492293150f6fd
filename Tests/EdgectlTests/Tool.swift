// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport

/// The program itself, run to its end.
enum Tool {
  struct Result: Sendable {
    var status: Int32
    var output: String
    var errors: String
  }

  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// - Parameters:
  ///   - environment: `NAME=value`, beside a socket that is not there.
  ///   - folder: where it runs.
  static func edgectl(
    _ arguments: [String], environment: [String] = [], folder: String? = nil
  ) async throws -> Result {
    let program = try path
    let outputs = try TemporaryFolder()
    let settings =
      ["SELVEDGE_SOCKET=/nowhere/twin.sock", "TZ=UTC", "COLUMNS=80", "TERM=xterm"] + environment
    // The limit is for a program that hangs: its status is then 124.
    let command =
      "cd \(quoted(folder ?? outputs.path)) && exec timeout 120 env -u SELVEDGE_SERVER -u SELVEDGE_TOKEN "
      + (settings + [program] + arguments).map(quoted).joined(separator: " ")
      + " </dev/null >\(quoted(outputs.file("output"))) 2>\(quoted(outputs.file("errors")))"
    let status = try await offload { system(command) }
    return Result(
      status: status >> 8 & 0xFF, output: text(outputs.file("output")),
      errors: text(outputs.file("errors")))
  }

  static func text(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

  static func bytes(_ path: String) -> [UInt8] {
    guard let stream = fopen(path, "re") else { return [] }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, stream)
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }

  private static var path: String { get throws { try folder + "/edgectl" } }

  /// Beside the tests.
  static var folder: String {
    get throws {
      let bundle =
        CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
      let folder = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
        separator: "/")
      guard access(folder + "/edgectl", X_OK) == 0 else {
        throw Missing(description: "\(folder)/edgectl is not there: swift build")
      }
      return folder
    }
  }
}
