// SPDX-License-Identifier: Apache-2.0
import Config
import JSON
import Testing

@Suite struct TwinAPIConfigurationTests {
  private func read(_ text: String) throws -> TwinAPIConfiguration {
    try EdgeCoreConfiguration.read(
      Array(text.utf8), file: "e.yaml", places: Places(root: ""), hostName: "box", standalone: false
    ).configuration.twinAPI
  }

  @Test func `takes further host names of the port`() throws {
    #expect(try read("").hostNames.isEmpty)
    let names = try read("modules: {twinAPI: {hostNames: [edge.local, Edge_2, 10.0.0.7]}}").hostNames
    #expect(names == ["edge.local", "Edge_2", "10.0.0.7"])
  }

  @Test(arguments: ["edge:10560", "http://edge", "''", "'a b'"])
  func `refuses what no Host header has before its port`(name: String) {
    #expect {
      try read("modules: {twinAPI: {hostNames: [\(name)]}}")
    } throws: { error in
      "\(error)".contains("modules.twinAPI.hostNames: ")
        && "\(error)".hasSuffix("expected names as in a Host header, without a port")
    }
  }
}
