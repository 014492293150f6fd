// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI

/// From when to when.
struct HistoryRange: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "From when on.",
      discussion:
        "-90s, -15m, -1h, -2d, -1w; 09:30 or '2026-11-24 09:30' of local time; RFC 3339 in UTC; Unix milliseconds.",
      valueName: "time"))
  var from = "-1h"

  @Option(
    help: ArgumentHelp("Until when, in the same forms.", valueName: "time"))
  var to = "now"

  func validate() throws { _ = try times(now: WallClock.system.milliseconds) }

  /// Unix milliseconds.
  func times(now: Int64) throws -> (from: Int64, to: Int64) {
    try Self.times(from: from, to: to, now: now)
  }

  static func times(from: String, to: String, now: Int64) throws -> (from: Int64, to: Int64) {
    let start = try moment(from, "--from", now: now)
    let end = try moment(to, "--to", now: now)
    guard start < end else { throw ValidationError("--from \(from) is not before --to \(to).") }
    return (start, end)
  }

  static func moment(_ text: String, _ option: String, now: Int64) throws -> Int64 {
    guard let moment = TimeArgument.parse(text, now: now) else {
      throw ValidationError("\(option) \(text): expected \(TimeArgument.expected).")
    }
    return moment
  }
}
