// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@testable import TwinAPI

@Suite struct RateLimitTests {
  private let second: Int64 = 1_000_000_000

  @Test func `lets a burst through, then as many as the rate`() {
    let limiter = RateLimiter(.init(perSecond: 2, burst: 3))
    for _ in 0..<3 { #expect(limiter.take("a", now: 0) == .yes) }
    #expect(limiter.take("a", now: 0) == .no(seconds: 1, isFirst: true))
    #expect(limiter.take("a", now: 0) == .no(seconds: 1, isFirst: false))
    #expect(limiter.take("b", now: 0) == .yes)
    #expect(limiter.take("a", now: second / 2) == .yes)
    #expect(limiter.take("a", now: second / 2) == .no(seconds: 1, isFirst: true))
    for _ in 0..<3 { #expect(limiter.take("a", now: 100 * second) == .yes) }
    #expect(limiter.take("a", now: 100 * second) == .no(seconds: 1, isFirst: true))
  }

  @Test func `callers beyond its room share a bucket, and full buckets make room`() {
    let limiter = RateLimiter(.init(perSecond: 1, burst: 1), capacity: 2)
    #expect(limiter.take("a", now: 0) == .yes)
    #expect(limiter.take("b", now: 0) == .yes)
    #expect(limiter.take("c", now: 0) == .yes)
    #expect(limiter.take("d", now: 0) == .no(seconds: 1, isFirst: true))
    #expect(limiter.take("e", now: 5 * second) == .yes)
  }

  @Test func `says how long to wait`() {
    let limiter = RateLimiter(.init(perSecond: 0.1, burst: 1))
    #expect(limiter.take("a", now: 0) == .yes)
    #expect(limiter.take("a", now: 0) == .no(seconds: 10, isFirst: true))
  }

  @Test func `a caller who asks too often gets 429, another and root on the socket do not`() async throws {
    try await GuardedAPI.running {
      $0.readsPerSecond = 0
      $0.writesPerSecond = 1
    } _: { api in
      let first = try await api.token("first", "write")
      let second = try await api.token("second", "write")
      var answers: [Answer] = []
      for _ in 0..<60 {
        answers.append(
          try await api.ask(
            "PATCH", "/v1/devices/default/pump-1", #"{"properties":{"a":{"desired":1}}}"#,
            headers: .bearer(first.secret)))
        if answers.last?.status == 429 { break }
      }
      let last = try #require(answers.last)
      #expect(last.problem == "too-many-requests" && last.headers["retry-after"] == "1")
      let other = try await api.ask(
        "PATCH", "/v1/devices/default/pump-1", #"{"properties":{"a":{"desired":1}}}"#,
        headers: .bearer(second.secret))
      #expect(other.status == 200)
      #expect(try await api.ask("GET", "/v1/devices", headers: .bearer(first.secret)).status == 200)
      #expect(api.changes.count { $0.problem.hasPrefix("too-many-requests") } == 1)
    }
  }
}
