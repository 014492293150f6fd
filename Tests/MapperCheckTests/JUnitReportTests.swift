// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MapperCheck

struct JUnitReportTests {
  private func result(_ outcome: CheckResult.Outcome, output: String = "") -> CheckResult {
    CheckResult(
      id: "read-1", requirement: "fills <all>", driver: "acme", outcome: outcome, output: output,
      milliseconds: 1042)
  }

  @Test func `a report names each check, its group, its time and what went wrong`() {
    let xml = JUnitReport.xml(
      [
        result(.passed), result(.skipped("no \"device\"")),
        result(.failed(expected: "a & b", seen: "c"), output: "line\u{1B}[0m\n"),
      ], library: "acme.so")
    #expect(
      xml == """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite name="mapper-check acme.so" tests="3" failures="1" skipped="1" errors="0">
          <testcase classname="acme" name="read-1: fills &lt;all&gt;" time="1.042"/>
          <testcase classname="acme" name="read-1: fills &lt;all&gt;" time="1.042"><skipped message="no &quot;device&quot;"/></testcase>
          <testcase classname="acme" name="read-1: fills &lt;all&gt;" time="1.042">
            <failure message="expected a &amp; b; seen c">line\u{FFFD}[0m&#10;</failure>
          </testcase>
        </testsuite>

        """)
  }
}
