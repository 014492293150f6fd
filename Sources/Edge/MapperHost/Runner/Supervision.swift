// SPDX-License-Identifier: Apache-2.0

/// When a runner is started, again and no more. No I/O, no clock: times are monotonic nanoseconds.
struct Supervision {
  struct Limits: Sendable {
    var firstBackoff: Int64 = 100_000_000
    var longestBackoff: Int64 = 30_000_000_000
    /// A runner that has worked so long begins with the first back-off again.
    var healthyTime: Int64 = 60_000_000_000
    /// How often a library that never loaded may crash or hang in loading before it counts as refused.
    var loadAttempts = 3
  }

  enum State: Equatable {
    case idle
    /// The process runs, or is being started; the library is not loaded yet.
    case starting
    case running(since: Int64)
    /// It ended; it is started again at that time.
    case waiting(until: Int64)
    /// The library cannot be used. Only another file, or the same one put there again, changes that.
    case refused
    /// It was stopped for good.
    case stopped
  }

  enum Action: Equatable {
    case none
    case start
    /// Ask again at that time.
    case wait(until: Int64)
  }

  private(set) var state = State.idle
  /// How often it was started again.
  private(set) var restarts = 0
  /// How it ended last, for people; empty: it never did.
  private(set) var lastFault = ""
  /// Once it has loaded, the library as such is good: what fails later is tried again.
  private(set) var hasLoaded = false
  private let limits: Limits
  private var backoff: Int64
  private var failedLoads = 0

  init(limits: Limits) {
    self.limits = limits
    backoff = limits.firstBackoff
  }

  mutating func start() -> Action {
    guard state != .stopped else { return .none }
    state = .starting
    return .start
  }

  mutating func loaded(now: Int64) {
    guard state == .starting else { return }
    hasLoaded = true
    state = .running(since: now)
  }

  mutating func ended(_ end: RunnerEnd, now: Int64) -> Action {
    guard state != .stopped else { return .none }
    lastFault = end.reason
    switch end.kind {
    case .stopped:
      state = .stopped
      return .none
    case .refused where !hasLoaded:
      state = .refused
      return .none
    case .failedToLoad where !hasLoaded:
      // A full disk cache or a killer of memory can stop a first load; three in a row are the library's own fault.
      failedLoads += 1
      guard failedLoads < limits.loadAttempts else {
        state = .refused
        return .none
      }
    case .refused, .failedToLoad, .failed, .notStarted: break
    }
    if case .running(let since) = state, now - since >= limits.healthyTime { backoff = limits.firstBackoff }
    let time = now + backoff
    backoff = min(backoff * 2, limits.longestBackoff)
    state = .waiting(until: time)
    return .wait(until: time)
  }

  mutating func timeCame(now: Int64) -> Action {
    guard case .waiting(let time) = state else { return .none }
    guard time <= now else { return .wait(until: time) }
    restarts += 1
    return start()
  }

  mutating func stop() { state = .stopped }
}
