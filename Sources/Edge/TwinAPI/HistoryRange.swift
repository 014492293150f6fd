// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// From when to when, in what steps and how much: the parameters of a history's query.
struct HistoryRange: Sendable {
  /// Unix milliseconds: from this on, and before that.
  let from: Int64
  let to: Int64
  let step: Int64?
  let limit: Int

  private static let samples = 1000
  private static let steps = 2000
  static let largestLimit = 10_000
  private static let longestStep = Duration.seconds(366 * 86_400)

  init(_ query: Query, now: Int64) throws(Problem) {
    (from, to) = try Self.bounds(query, now: now, from: now - 3_600_000)
    let step = try query.duration("step", upTo: Self.longestStep)
    if step == .zero { throw Query.problem("step", expected: "a time above zero, such as 10s") }
    self.step = step.map { max(1, $0.milliseconds) }
    limit =
      try query.integer("limit", in: 1...Self.largestLimit) ?? (step == nil ? Self.samples : Self.steps)
  }

  /// - Parameter from: what counts where the query has no `from`.
  static func bounds(_ query: Query, now: Int64, from: Int64) throws(Problem) -> (from: Int64, to: Int64) {
    // What comes in this very millisecond belongs to it too.
    let end = try HistoryTime.read("to", of: query, now: now) ?? now + 1
    let begin = try HistoryTime.read("from", of: query, now: now) ?? min(from, end)
    guard begin <= end else {
      throw Query.problem("from", expected: "a time that is not after 'to'")
    }
    return (begin, end)
  }
}
