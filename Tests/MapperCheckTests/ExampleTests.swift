// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MapperCheck

/// The examples of the guide build, keep the rules of the ABI, and do what their cases say.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ExampleTests {
  private func make(_ example: String, _ variables: [String]) async throws {
    let check = try Fixtures.program("mapper-check")
    let folder = Fixtures.repository + "/docs/examples/" + example
    let made = try await Fixtures.tool("make", ["-C", folder, "check", "MAPPER_CHECK=" + check] + variables)
    #expect(made.status == 0, "\(made.output)")
    #expect(made.output.contains("cases: 1 passed, 0 failed"), "\(made.output)")
  }

  @Test(arguments: ["g++", "clang++"])
  func `the driver in C++`(_ compiler: String) async throws {
    let folder = try TemporaryFolder()
    try await make("cpp", ["CXX=" + compiler, "OUT=" + folder.file("tank.so")])
  }

  @Test func `the driver in C++ with sanitizers`() async throws {
    let folder = try TemporaryFolder()
    try await make("cpp", ["CXX=g++", "SANITIZE=1", "OUT=" + folder.file("tank.so")])
  }

  private static let hasRust = (try? ToolProcess.run("cargo", ["--version"]).status == 0) ?? false

  @Test(.enabled(if: hasRust)) func `the driver in Rust`() async throws {
    let folder = try TemporaryFolder()
    try await make("rust", ["OUT=" + folder.file("counter.so"), "TARGET=" + folder.file("target")])
  }
}
