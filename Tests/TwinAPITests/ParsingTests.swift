// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@testable import TwinAPI

@Suite struct ParsingTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (1_582_934_400_999_999_999, "2020-02-29T00:00:00.999Z"),
    (951_868_799_001_000_000, "2000-02-29T23:59:59.001Z"),
    (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"), (-2_208_988_800_000_000_000, "1900-01-01T00:00:00.000Z"),
    (1_795_521_600_250_000_000, "2026-11-24T12:00:00.250Z"), (Int64.max, "2262-04-11T23:47:16.854Z"),
    (Int64.min, "1677-09-21T00:12:43.145Z"),
  ])
  func `writes times`(nanoseconds: Int64, text: String) { #expect(RFC3339.text(nanoseconds) == text) }

  @Test func `reads the times that it writes, for every day of 400 years`() {
    var day: Int64 = -100_000
    while day < 46_000 {
      let time = day * 86_400_000_000_000 + 45_296_789_000_000
      #expect(RFC3339.parse(RFC3339.text(time)) == time)
      day += 1
    }
  }

  @Test(arguments: [
    "", "2026-11-24", "2026-11-24T12:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-11-24T24:00:00Z",
    "2026-11-24T12:00:00.Z", "2026-11-24T12:00:00.1xZ", "2026-11-24 12:00:00Z", "9999-01-01T00:00:00Z",
    "2026-00-10T00:00:00Z", "2026-01-00T00:00:00Z", "２026-01-01T00:00:00Z",
  ])
  func `refuses what is not a time`(text: String) { #expect(RFC3339.parse(text) == nil) }

  @Test func `reads decimals of any length`() {
    #expect(RFC3339.parse("1970-01-01T00:00:01Z") == 1_000_000_000)
    #expect(RFC3339.parse("1970-01-01T00:00:01.5Z") == 1_500_000_000)
    #expect(RFC3339.parse("1970-01-01T00:00:01.1234567891Z") == 1_123_456_789)
  }

  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("5s", .seconds(5)), ("1.5s", .milliseconds(1500)),
    ("2m", .seconds(120)),
    ("1h", .seconds(3600)), ("0s", .zero),
  ])
  func `reads durations`(text: String, duration: Duration) { #expect(Duration(parsing: text) == duration) }

  @Test(arguments: [
    "", "5", "s", "-5s", "5 s", "5S", "1e3s", "nans", "infs", ".5s", "99999999999999h", "0x1s",
  ])
  func `refuses what is not a duration`(text: String) { #expect(Duration(parsing: text) == nil) }

  @Test func `reads selectors as Kubernetes does`() throws {
    let selector = try LabelSelector(parsing: "a=1, b == 2,c!=3,d in (x, y),e notin (z),app.io/f,!g")
    #expect(
      selector.requirements == [
        .isOneOf("a", ["1"]), .isOneOf("b", ["2"]), .isNoneOf("c", ["3"]), .isOneOf("d", ["x", "y"]),
        .isNoneOf("e", ["z"]), .exists("app.io/f"), .isAbsent("g"),
      ])
    let labels = ["a": "1", "b": "2", "d": "y", "app.io/f": ""]
    #expect(selector.matches(labels))
    #expect(!selector.matches(labels.merging(["c": "3"]) { $1 }))
    #expect(!selector.matches(labels.merging(["g": ""]) { $1 }))
    #expect(try LabelSelector(parsing: "").matches([:]))
  }

  @Test(arguments: ["=a", "a=b=c", "a b", "a in x", "a in (b", ",", "a,,b", "!", "a=b c", "a within (b)"])
  func `refuses what is not a selector`(text: String) {
    #expect(throws: LabelSelector.Invalid.self) { try LabelSelector(parsing: text) }
  }

  @Test(arguments: [("a%20b", "a b"), ("%C2%B0", "°"), ("a+b", "a+b"), ("", "")])
  func `reads percent signs`(text: String, decoded: String) {
    #expect(PercentEncoding.decode(text) == decoded)
  }

  @Test(arguments: ["%", "%2", "%zz", "%FF", "%C2"])
  func `refuses lone percent signs and what is not UTF-8`(text: String) {
    #expect(PercentEncoding.decode(text) == nil)
  }
}
