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

  @Test func `takes an address that others reach only with a certificate`() throws {
    let configuration = try read(
      "modules: {twinAPI: {address: 0.0.0.0, tls: {certFile: /c.pem, keyFile: /k.pem}, tokens: {required: true}}}"
    )
    #expect(configuration.tls.isOn && configuration.areTokensRequired)
    for tls in ["{}", "{certFile: /c.pem}", "{keyFile: /k.pem}", "{certFile: c.pem, keyFile: /k.pem}"] {
      #expect(throws: (any Error).self, "\(tls)") {
        try read("modules: {twinAPI: {address: 0.0.0.0, tls: \(tls)}}")
      }
    }
  }

  @Test func `takes who may do what on the socket`() throws {
    let configuration = try read(
      """
      modules:
        twinAPI:
          rateLimits: {readsPerSecond: 0, writesPerSecond: 5}
          socketAccess:
          - {user: scada, scope: write, namespaces: [line-1]}
          - {group: operators, scope: admin}
      """)
    #expect(
      configuration.socketAccess == [
        TwinAPISocketAccess(.user("scada"), scope: .write, namespaces: ["line-1"]),
        TwinAPISocketAccess(.group("operators"), scope: .admin),
      ])
    #expect(configuration.readsPerSecond == 0 && configuration.writesPerSecond == 5)
  }

  @Test(arguments: [
    "{scope: read}", "{user: a, group: b, scope: read}", "{user: a}", "{user: a, scope: all}",
    "{user: a, scope: admin, namespaces: [x]}", "{user: '', scope: read}",
  ])
  func `refuses an element that is not clear`(element: String) {
    #expect {
      try read("modules: {twinAPI: {socketAccess: [\(element)]}}")
    } throws: { error in "\(error)".contains("modules.twinAPI.socketAccess[0].") }
  }
}
