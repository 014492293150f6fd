// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// How often somebody may do something: a bucket that fills at `perSecond` and holds `burst`.
final class RateLimiter: Sendable {
  struct Limit: Sendable, Equatable {
    var perSecond: Double
    var burst: Double
  }

  private struct Bucket {
    var level: Double
    /// Monotonic nanoseconds.
    var time: Int64
    /// The last try was refused.
    var isEmpty = false
  }

  enum Answer: Equatable {
    case yes
    /// Not before so many seconds. `isFirst`: the one before was let through.
    case no(seconds: Int, isFirst: Bool)
  }

  private let limit: Limit
  private let capacity: Int
  private let buckets = Mutex<[String: Bucket]>([:])

  /// - Parameter capacity: of callers that are told apart; further ones share a bucket, so that memory stays bounded.
  init(_ limit: Limit, capacity: Int = 4096) {
    self.limit = limit
    self.capacity = capacity
  }

  /// - Parameter now: monotonic nanoseconds.
  func take(_ caller: String, now: Int64) -> Answer {
    buckets.withLock { buckets in
      var key = caller
      if buckets[key] == nil, buckets.count >= capacity {
        makeRoom(&buckets, now: now)
        if buckets.count >= capacity { key = "" }
      }
      var bucket = buckets[key] ?? Bucket(level: limit.burst, time: now)
      bucket.level = level(of: bucket, now: now)
      bucket.time = now
      defer { buckets[key] = bucket }
      if bucket.level >= 1 {
        bucket.level -= 1
        bucket.isEmpty = false
        return .yes
      }
      let isFirst = !bucket.isEmpty
      bucket.isEmpty = true
      let seconds = limit.perSecond > 0 ? ((1 - bucket.level) / limit.perSecond).rounded(.up) : 3600
      return .no(seconds: max(1, Int(min(seconds, 3600))), isFirst: isFirst)
    }
  }

  private func level(of bucket: Bucket, now: Int64) -> Double {
    min(limit.burst, bucket.level + Double(now - bucket.time) / 1e9 * limit.perSecond)
  }

  /// A bucket that is full again is as good as none.
  private func makeRoom(_ buckets: inout [String: Bucket], now: Int64) {
    buckets = buckets.filter { level(of: $0.value, now: now) < limit.burst }
  }
}
