// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DeviceAPI
import Testing

@testable import edgectl

@Suite struct TimeTests {
  /// 2026-11-24T12:00:00Z
  static let now: Int64 = 1_795_521_600_000

  @Test(
    arguments: [
      ("now", now), ("-90s", now - 90_000), ("-15m", now - 900_000), ("-1.5h", now - 5_400_000),
      ("-2d", now - 172_800_000), ("-1w", now - 604_800_000), ("1795521600000", now),
      ("2026-11-24T12:00:00Z", now), ("2026-11-24T11:59:59.5Z", now - 500),
    ] as [(String, Int64)])
  func `reads moments`(text: String, time: Int64) {
    #expect(TimeArgument.parse(text, now: Self.now) == time)
  }

  /// Whatever zone this machine is in: what it shows is what it reads.
  @Test func `reads the local times that it shows`() throws {
    let local = LocalTime(Self.now)
    #expect(TimeArgument.parse(local.date + " " + local.minute, now: Self.now) == Self.now)
    #expect(TimeArgument.parse(local.date + "T" + local.second, now: Self.now) == Self.now)
    #expect(TimeArgument.parse(local.minute, now: Self.now) == Self.now)
    let midnight = try #require(TimeArgument.parse(local.date, now: Self.now))
    #expect(LocalTime(midnight).second == "00:00:00")
    #expect(LocalTime(midnight).date == local.date)
  }

  @Test(arguments: [
    "", "-", "1h", "yesterday", "25:00", "12:60", "2026-13-01", "2026-02-30", "2026-11-24 12:00 13",
    "12", "-1y",
    "2026-11-24 12", "::", "-1",
  ])
  func `refuses what is no moment`(text: String) {
    #expect(TimeArgument.parse(text, now: Self.now) == nil)
  }

  @Test(
    arguments: [
      (250, "250ms"), (1000, "1s"), (22_500, "22.5s"), (90_000, "1.5m"), (3_600_000, "1h"),
      (259_200_000, "3d"), (17_280_000_000, "200d"),
    ] as [(Int64, String)])
  func `writes spans`(milliseconds: Int64, text: String) {
    #expect(SpanText.text(milliseconds) == text)
  }

  @Test(
    arguments: [
      (0.0, "0"), (21.5, "21.5"), (-3.0, "-3"), (20.746_123, "20.7461"), (1234567.89, "1234568"),
      (0.000_123, "0.000123"),
      (1e300, "1e+300"), (100.0, "100"),
    ] as [(Double, String)])
  func `writes numbers with what matters of them`(value: Double, text: String) {
    #expect(NumberText.short(value) == text)
  }

  @Test func `writes sizes and rates`() {
    #expect(NumberText.size(512) == "512 B")
    #expect(NumberText.size(4200) == "4.2 kB")
    #expect(NumberText.size(999_600) == "1 MB")
    #expect(NumberText.size(17_400_000) == "17 MB")
    #expect(NumberText.rate(0.25) == "0.25")
    #expect(NumberText.rate(12.4) == "12")
    #expect(NumberText.rate(1200) == "1.2k")
    #expect(NumberText.fixed(-0.05, decimals: 2) == "-0.05")
    #expect(NumberText.fixed(2.0, decimals: 0) == "2")
  }

  @Test func `has no range that ends before it begins`() throws {
    func parse(_ range: [String]) throws -> any ParsableCommand {
      try Edgectl.parseAsRoot(EntryPoint.join(["history", "a", "b"] + range))
    }
    #expect(throws: (any Error).self) { try parse(["--from", "-1h", "--to", "-2h"]) }
    #expect(try parse(["--from", "-2h", "--to", "-1h"]) is HistoryShow)
    #expect(
      EntryPoint.join(["a", "--sort", "-x", "--", "--to", "-1h"]) == [
        "a", "--sort=-x", "--", "--to", "-1h",
      ])
    #expect(EntryPoint.join(["--from", "now", "--to"]) == ["--from", "now", "--to"])
    #expect(try Edgectl.parseAsRoot(["history", "export", "a", "-p", "b"]) is HistoryExport)
  }
}
