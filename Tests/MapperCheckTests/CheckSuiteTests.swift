// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MapperCheck

/// The suite over mappers that behave and over those that misbehave in one way each.
@Suite(.serialized, .timeLimit(.minutes(10))) struct CheckSuiteTests {
  @Test(arguments: ["echo", "threads", "short-table", "bind-refuses", "open-fails", "methods", "newer"])
  func `a mapper that behaves passes every check`(_ name: String) async throws {
    let results = try await Fixtures.check { try Fixtures.options(Fixtures.library(name)) }
    #expect(results.filter(\.isFailed) == [])
    #expect(results.count { $0.outcome == .passed } > 45)
  }

  @Test(arguments: [
    ("no-entry", "entry-1", "none"),
    ("too-short", "entry-1", "48"),
    ("wrong-major", "entry-1", "2"),
    ("too-short-driver", "table-1", "96"),
    ("null-slot", "table-2", "read"),
    ("wrong-methods", "methods-1", "call"),
    ("crash-in-constructor", "load-1", "ended by SIGSEGV in dlopen"),
    ("unfilled", "read-1", "NOT_FILLED in point 0"),
    ("late", "call-4", "at best of 8"),
    ("crash", "read-1", "ended by SIGSEGV in read"),
    ("abort", "read-1", "ended by SIGABRT in read"),
    ("exit", "read-1", "ended with status 7"),
    ("stack-overflow", "read-1", "ended by SIGSEGV in read"),
    ("report-after-stop", "subscribe-2", "in 100 ms"),
    ("restless", "subscribe-2", "under way after stop"),
    ("thread-bomb", "process-2", "threads"),
    ("garbage", "process-4", "3 was closed or written to"),
    ("leak", "cycle-1", "KiB more"),
    ("scanner", "discovery-2", #"{"unit":1}"#),
  ])
  func `a mapper that misbehaves fails the check that names its fault`(
    _ fault: (String, String, String)
  ) async throws {
    let (name, check, seen) = fault
    let results = try await Fixtures.check { try Fixtures.options(Fixtures.library(name), only: [check]) }
    let failed = try #require(results.first { $0.id == check && $0.isFailed }, "\(results)")
    guard case .failed(_, let words) = failed.outcome else { return }
    #expect(words.contains(seen), "\(words)")
  }

  @Test func `a library that does not come back is killed, and the call is named`() async throws {
    let results = try await Fixtures.check {
      try Fixtures.options(Fixtures.library("hang"), only: ["read-1"], limit: 20)
    }
    let outcome = try #require(results.first?.outcome)
    #expect(outcome == .failed(expected: "the call comes back", seen: "no return in read within 20000 ms"))
  }

  @Test(arguments: [
    ("type", "a value of type 99, which is none of the ABI's"),
    ("no-type", "no value beside the status OK"),
    ("null-text", "1073741824 elements without data"),
    ("array-of-text", "which is none of the ABI's"),
    ("not-utf8", "a text that is not UTF-8"),
    ("bool", "a BOOL of 7, expected 0 or 1"),
    ("too-wide", "300 in a value of type 3, expected 0 to 255"),
    ("status", "status class 200, expected 0 to 13"),
    ("value-with-error", "expected NONE or a TEXT that says why"),
  ])
  func `a sample that makes no sense is named`(_ wrong: (String, String)) async throws {
    let (way, words) = wrong
    let folder = try TemporaryFolder()
    let device = try folder.write(
      """
      apiVersion: devices.kubeedge.io/v1beta1
      kind: DeviceModel
      metadata: {name: wrong, namespace: default}
      spec:
        protocol: wrong-values
        properties:
        - {name: value, type: INT, accessMode: ReadOnly, visitors: {configData: {wrong: \(way)}}}
      ---
      apiVersion: devices.kubeedge.io/v1beta1
      kind: Device
      metadata: {name: wrong-1, namespace: default}
      spec:
        deviceModelRef: {name: wrong}
        protocol: {protocolName: wrong-values, configData: {}}
        properties:
        - {name: value}
      """, to: "device.yaml")
    let results = try await Fixtures.check {
      try Fixtures.options(Fixtures.library("wrong-values"), device: device, only: ["read-3"])
    }
    let outcome = try #require(results.first?.outcome)
    guard case .failed(_, let seen) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(seen.contains(words), "\(seen)")
  }

  @Test func `a file that is no library fails, and one that is not there cannot be checked`() async throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("no library", to: "text.so")
    let results = try await Fixtures.check { try Fixtures.options(text) }
    #expect(results.first?.id == "file-1")
    #expect(results.first?.isFailed == true)
    let program = try Fixtures.program("mapper-check")
    let missing = try await Fixtures.tool(program, ["run", folder.path + "/missing.so"])
    #expect(missing.status == 2)
    #expect(missing.output.contains("No such file or directory"))
  }

  @Test func `one fault that shows in many checks is counted once`() async throws {
    let results = try await Fixtures.check { try Fixtures.options(Fixtures.library("crash"), only: ["read"]) }
    #expect(results.filter(\.isFailed).map(\.id) == ["read-1"])
    #expect(results.contains { $0.outcome == .skipped("fails for the same reason as read-1") })
  }

  @Test func `the description names what a library offers`() async throws {
    let described = try await offload {
      CheckSuite(try Fixtures.options(Fixtures.library("methods"))).describe()
    }
    let lines = try #require(described)
    #expect(lines.first?.hasPrefix("methods 1.0.0, ABI 1.") == true)
    #expect(lines.contains { $0.contains("driver methods") })
    #expect(lines.contains { $0.contains("method bump(") })
  }

  @Test func `every check has an id of its own and a sentence`() {
    #expect(Set(Check.all.map(\.id)).count == Check.all.count)
    #expect(Check.all.allSatisfy { $0.requirement.hasSuffix(".") && $0.id.contains("-") })
  }
}
