// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport
import Testing

@testable import MapperCheck

@Suite(.serialized, .timeLimit(.minutes(10))) struct NewMapperTests {
  private func template() throws -> MapperTemplate {
    try MapperTemplate.find(Fixtures.repository + "/Plugins/NewMapper", program: "")
  }

  @Test(arguments: ["gcc", "clang"])
  func `a repository of its own builds, and passes mapper-check and its cases`(_ compiler: String)
    async throws
  {
    let folder = try TemporaryFolder()
    let made = try template().write(name: "flow-meter", standalone: folder.path)
    for file in [
      "flow-meter.c", "CMakeLists.txt", "README.md", ".github/workflows/ci.yml", "include/mapper/mapper.h",
    ] {
      #expect(access(made + "/" + file, R_OK) == 0, "\(file)")
    }
    let left = try await Fixtures.tool("grep", ["-rF", "@NAME@", made])
    #expect(left.status == 1, "\(left.output)")
    let built = try await Fixtures.tool(
      "make",
      [
        "-C", made, "CC=" + compiler, "check-exports", "check",
        "MAPPER_CHECK=" + Fixtures.program("mapper-check"),
      ])
    #expect(built.status == 0, "\(built.output)")
    #expect(built.output.contains("cases: 2 passed, 0 failed"), "\(built.output)")
    // Without a device, points of every type are made up.
    let results = try await Fixtures.check {
      try Fixtures.options(made + "/build/mappers/flow-meter.so", only: ["write", "bind"])
    }
    #expect(!results.isEmpty)
    #expect(results.filter(\.isFailed) == [])
  }

  /// In CI it has to be there.
  private static let wantsCMake =
    getenv("CI").map { String(cString: $0) } == "true"
    || (try? ToolProcess.run("cmake", ["--version"]).status == 0) ?? false

  @Test(.enabled(if: wantsCMake)) func `it builds with CMake`() async throws {
    let folder = try TemporaryFolder()
    let made = try template().write(name: "gate2", standalone: folder.path)
    let configured = try await Fixtures.tool("cmake", ["-S", made, "-B", made + "/build"])
    #expect(configured.status == 0, "\(configured.output)")
    let built = try await Fixtures.tool("cmake", ["--build", made + "/build"])
    #expect(built.status == 0, "\(built.output)")
    let results = try await Fixtures.check {
      try Fixtures.options(made + "/build/gate2.so", only: ["file", "load", "read"])
    }
    #expect(results.filter(\.isFailed) == [])
  }

  @Test(arguments: [
    "", "Modbus", "a--b", "-a", "a-", "1a", "../evil", "a b", "é", String(repeating: "a", count: 41),
  ])
  func `a bad name is refused and nothing is written`(_ name: String) throws {
    let folder = try TemporaryFolder()
    #expect(throws: MapperTemplate.Failure.self) { try template().write(name: name, standalone: folder.path) }
    #expect(rmdir(folder.path) == 0, "something was written")
  }

  @Test func `a folder that is there is left alone`() throws {
    let folder = try TemporaryFolder()
    try #require(mkdir(folder.file("acme"), 0o755) == 0)
    #expect(throws: MapperTemplate.Failure.self) {
      try template().write(name: "acme", standalone: folder.path)
    }
    #expect(rmdir(folder.file("acme")) == 0, "something was written")
  }
}
