// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MapperCheck

@Suite(.serialized, .timeLimit(.minutes(10))) struct CaseTests {
  /// A case of the mapper `echo`, whose points read what was written.
  private func run(_ expected: String, exchange: String? = nil, line: String = "{port}") async throws
    -> CheckResult.Outcome
  {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata: {name: echo, namespace: default}
      spec:
        protocol: echo
        properties:
        - {name: word, type: STRING, accessMode: ReadWrite, visitors: {protocolName: echo, configData: {}}}
        - {name: key, type: BYTES, accessMode: ReadWrite, visitors: {protocolName: echo, configData: {}}}
        - {name: number, type: DOUBLE, accessMode: ReadWrite, visitors: {protocolName: echo, configData: {}}}
      ---
      apiVersion: devices.kubeedge.io/v1beta1
      kind: Device
      metadata: {name: echo-1, namespace: default}
      spec:
        deviceModelRef: {name: echo}
        protocol: {protocolName: echo, configData: {line: "\(line)"}}
        properties: [{name: word}, {name: key}, {name: number}]
      """, to: "device.yaml")
    try folder.write(expected, to: "expected.txt")
    if let exchange { try folder.write(exchange, to: "exchange.txt") }
    let path = folder.path
    let results = try await offload {
      CaseSuite(try Fixtures.options(Fixtures.library("echo")), folder: path).run()
    }
    return try #require(results.first?.outcome)
  }

  @Test func `a case whose lines hold passes`() async throws {
    let outcome = try await run(
      """
      # comments and empty lines are left out

      value word STRING
      """ + " \nset word hello world\nvalue word STRING hello world\nset key AZ\nvalue key BYTES 415a\n"
        + "set number 0.1\nvalue number DOUBLE 0.1\n")
    #expect(outcome == .passed)
  }

  @Test(arguments: [
    ("value word STRING no", "expected.txt:1: STRING no", "STRING "),
    ("set word a\nvalue word STRING b", "expected.txt:2: STRING b", "STRING a"),
    ("failed word gone", "expected.txt:1: gone", "a value: STRING "),
    ("refused word why", "expected.txt:1: why", "the property was taken"),
    ("device-refused why", "expected.txt:1: why", "the device was taken"),
    ("value speed INT 1", "expected.txt:1: a property of device.yaml", "'speed'"),
    ("set number fast", "expected.txt:1: a value of type double", "'fast'"),
    (
      "value", "a step that mapper-check cases --help names, with its words",
      "expected.txt:1: value"
    ),
    ("# nothing", "a step", "expected.txt has none"),
  ])
  func `the first line that does not hold is named`(_ wrong: (String, String, String)) async throws {
    let outcome = try await run(wrong.0)
    guard case .failed(let expected, let seen) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(expected.lowercased() == wrong.1.lowercased())
    #expect(seen == wrong.2)
  }

  @Test func `a batch is read at once, and what is awaited comes`() async throws {
    let outcome = try await run(
      "set number 2.5\nawait number DOUBLE 2.5\nread\ngot number DOUBLE 2.5\ngot word STRING \nset number 3\n"
        + "got number DOUBLE 2.5\nread\n  got number DOUBLE 3\n")
    #expect(outcome == .passed)
    let wrong = try await run("got number DOUBLE 0")
    #expect(wrong == .failed(expected: "expected.txt:1: DOUBLE 0", seen: "it was not read"))
  }

  @Test func `a broker carries what is published, and all that a mapper publishes is named`() async throws {
    // The mapper publishes nothing, and the device is nobody's.
    let quiet = try await run("broker\npublish a/b 1\nvalue number DOUBLE 0\npublish a/b 2\n")
    #expect(quiet == .passed)
    let early = try await run("value number DOUBLE 0\npublish a 1")
    #expect(early == .failed(expected: "broker as the first line", seen: "expected.txt:2: publish a 1"))
    let both = try await run("broker\nvalue number DOUBLE 0", exchange: "< 01\n")
    #expect(both == .failed(expected: "a broker or exchange.txt", seen: "both"))
  }

  @Test func `an exchange that does not take place fails the case`() async throws {
    let outcome = try await run("value number DOUBLE 0", exchange: "< 01 02\n> 03\n")
    #expect(
      outcome
        == .failed(expected: "the exchange takes place", seen: "exchange.txt:1: the mapper did not get there")
    )
  }

  @Test func `a line of an exchange is bytes, any bytes and texts`() throws {
    let exchange = try CaseExchange("# a\n< 01 .. \"Ab \" 0d\n> ff\nclose\n", file: "exchange.txt")
    #expect(
      exchange.steps.map(\.step) == [
        .hear([1, nil, 0x41, 0x62, 0x20, 13]), .say([0xFF]), .close,
      ])
    #expect(exchange.steps.map(\.line) == [2, 3, 4])
    #expect(!exchange.isSerial)
    #expect(try CaseExchange("\n# a line\nserial\n< 01\n", file: "exchange.txt").isSerial)
    for wrong in ["< 1", "> ..", "? 01", "<", "< \"a", "> 0g", "> 01\nserial", "serial\nclose"] {
      #expect(throws: CheckEnd.self, "\(wrong)") { try CaseExchange(wrong, file: "exchange.txt") }
    }
  }
}
