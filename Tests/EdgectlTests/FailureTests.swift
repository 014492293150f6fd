// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import edgectl

@Suite struct FailureTests {
  private static func problem(_ name: String, _ rest: String = "") -> String {
    #"{"type":"urn:selvedge:problem:\#(name)","title":"a title","status":400,"detail":"a detail"\#(rest)}"#
  }

  @Test(arguments: [
    ("device-not-found", 404, Outcome.notFound), ("property-not-found", 404, .notFound),
    ("version-conflict", 412, .conflict), ("desired-replaced", 409, .conflict),
    ("shared-manifest", 409, .conflict),
    ("desired-failed", 422, .failed), ("invalid-value", 422, .failed), ("read-only", 403, .failed),
    ("busy", 503, .failed),
    ("invalid-query", 400, .usage), ("not-known-yet", 404, .notFound),
  ])
  func `turns problems into documented exit statuses`(name: String, status: Int, code: Outcome) {
    let failure = Failure(status: status, body: Self.problem(name))
    #expect(failure.code == code)
    #expect(failure.message.hasSuffix("a detail"))
  }

  @Test func `speaks of versions and not of HTTP`() {
    let failure = Failure(
      status: 412, body: Self.problem("version-conflict", #","desiredVersion":7"#))
    #expect(failure.message == "the twin has desired version 7: somebody else has set a value")
  }

  @Test func `gives each of several faults a line`() {
    let body =
      #"{"type":"urn:selvedge:problem:invalid-manifest","title":"not right","detail":"a.yaml:1: x\na.yaml: y"}"#
    #expect(Failure(status: 422, body: body).message == "not right:\n  a.yaml:1: x\n  a.yaml: y")
  }

  @Test(arguments: ["", "<html>", "{}"])
  func `tells the status of an answer that is no problem document`(body: String) {
    #expect(Failure(status: 502, body: body).message.contains("502"))
  }

  @Test func `escapes paths for URLs`() {
    #expect(URLText.escape("/run/a b.sock°") == "%2Frun%2Fa%20b.sock%C2%B0")
  }

  @Test func `reads files and says what stands in the way`() throws {
    #expect(throws: Failure(.failed, "/nowhere/a.yaml: no such file or directory")) {
      try ManifestSource.read("/nowhere/a.yaml")
    }
    #expect(try ManifestSource.read("/proc/self/status").first?.text.contains("Name:") == true)
  }
}
