// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// The link of one device: what its state is and when it is tried again. No I/O, no clock.
struct LinkMachine: Sendable {
  enum Phase: Equatable, Sendable {
    /// The driver has no connection; `open` is due at that time (monotonic nanoseconds).
    case closed(retryAt: Int64)
    /// Open, but nothing was read yet.
    case opened
    /// Answers.
    case up
    /// Open, but did not answer; one probe is due at that time.
    case silent(retryAt: Int64)
  }

  /// What is told to the host when it changes.
  struct Report: Equatable, Sendable {
    var state: LinkState
    var status: MapperStatus
    var reason: String
  }

  private(set) var phase: Phase = .closed(retryAt: 0)
  private(set) var report = Report(state: .connecting, status: .ok, reason: "")
  private var backoff: Backoff
  /// When a device that is not polled was opened: no reading tells that it works, only time does.
  private var openedAt: Int64?

  /// A device that was open so long begins with the first back-off again.
  private static let healthyTime: Int64 = 10_000_000_000

  init(backoff: Backoff) { self.backoff = backoff }

  var isOpen: Bool {
    if case .closed = phase { false } else { true }
  }

  mutating func openFailed(_ status: MapperStatus, _ reason: String, now: Int64, jitter: Double) {
    phase = .closed(retryAt: now + backoff.next(jitter: jitter))
    report = Report(state: .offline, status: status, reason: reason)
  }

  /// - Parameter isPolled: readings will tell whether the device answers; otherwise open is all there is.
  mutating func openSucceeded(isPolled: Bool, now: Int64) {
    openedAt = isPolled ? nil : now
    if isPolled {
      phase = .opened
    } else {
      phase = .up
      report = Report(state: .online, status: .ok, reason: "")
    }
  }

  /// The device answered. `failing` of `total` points had no value, `reason` is the first one's.
  mutating func readSucceeded(failing: Int, total: Int, status: MapperStatus, reason: String) {
    phase = .up
    backoff.reset()
    report =
      failing == 0
      ? Report(state: .online, status: .ok, reason: "")
      : Report(state: .degraded, status: status, reason: "\(failing) of \(total) points fail: \(reason)")
  }

  /// The device did not answer. A first miss only degrades, since a single lost answer is no outage.
  ///
  /// - Returns: whether the driver must be closed.
  mutating func readFailed(_ status: MapperStatus, _ reason: String, now: Int64, jitter: Double) -> Bool {
    let wasUp = phase == .up
    forgiveIfHealthy(now: now)
    let retryAt = now + backoff.next(jitter: jitter)
    let mustClose =
      switch status {
      case .unavailable, .closed: true
      default: false
      }
    phase = mustClose ? .closed(retryAt: retryAt) : .silent(retryAt: retryAt)
    let state: LinkState = wasUp && !mustClose ? .degraded : .offline
    report = Report(state: state, status: status, reason: reason)
    return mustClose
  }

  mutating func driverSaysUp() { becomeUp() }

  mutating func driverSaysDegraded(_ status: MapperStatus, _ reason: String) {
    phase = .up
    report = Report(state: .degraded, status: status, reason: reason)
  }

  /// The driver lost its connection and restores it by itself: nothing is read until it says so, or until a
  /// probe works.
  mutating func driverSaysDown(_ status: MapperStatus, _ reason: String, now: Int64, jitter: Double) {
    guard isOpen else { return }
    forgiveIfHealthy(now: now)
    // Said again, it does not put the probe off.
    if case .silent = phase {} else { phase = .silent(retryAt: now + backoff.next(jitter: jitter)) }
    report = Report(state: .offline, status: status, reason: reason)
  }

  private mutating func forgiveIfHealthy(now: Int64) {
    if let openedAt, now - openedAt >= Self.healthyTime { backoff.reset() }
    openedAt = nil
  }

  private mutating func becomeUp() {
    phase = .up
    backoff.reset()
    report = Report(state: .online, status: .ok, reason: "")
  }
}
