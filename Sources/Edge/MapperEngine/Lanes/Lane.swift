// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// A line that devices share: one call at a time.
///
/// Sound as `@unchecked Sendable`: `jobs`, `state` and `ticket` belong to the scheduler's lock, `sessions` to
/// the one thread that runs the lane, and the call under way to a lock of its own.
final class Lane: @unchecked Sendable {
  enum State {
    /// In the heap, or waiting for a job.
    case idle
    /// In the ready queue.
    case ready
    case running
  }

  /// Whose call is under way.
  private struct Current {
    /// 0: of no device.
    var session: UInt32
    /// Of a `LaneWork`; nil: the call is none.
    var request: UInt64?
  }

  /// Writes and calls beyond this are answered BUSY. Other jobs are bounded by the number of devices.
  static let maximumJobs = 4096

  let key: String
  /// By which the host knows it; never 0.
  let number = Lane.lastNumber.add(1, ordering: .relaxed).newValue
  let call = CallContext()

  private static let lastNumber = Atomic<UInt32>(0)

  // Under the scheduler's lock.
  var jobs: [LaneJob] = []
  var firstJob = 0
  var state = State.idle
  var ticket: UInt64 = 0
  /// Devices that are bound to the lane or are on their way to it, and scans.
  var members = 0

  // Of the running thread.
  private var sessions: [DeviceSession] = []
  private let current = Mutex<Current?>(nil)

  init(key: String) { self.key = key }

  var nextDue: Int64 {
    var due = Int64.max
    for session in sessions { due = min(due, session.nextDue) }
    return due
  }

  /// Does the one thing that has been due the longest.
  func runDue(now: Int64) {
    guard let session = sessions.min(by: { $0.nextDue < $1.nextDue }), session.nextDue <= now else { return }
    call(for: session.id) { session.runDue(now: now) }
  }

  /// - Returns: the session that has ended with this job.
  func perform(_ job: LaneJob) -> DeviceSession? {
    switch job {
    case .create(let session):
      var outcome = call(for: session.id) { session.create() }
      if outcome.status.isOK { outcome.lane = number }
      session.host.sink.send(.bound(outcome))
      guard outcome.status.isOK else { return session }
      sessions.append(session)
      session.publishLink()
    case .destroy(let id):
      guard let place = sessions.firstIndex(where: { $0.id == id }) else { return nil }
      let session = sessions.remove(at: place)
      session.destroy()
      return session
    case .write(let request, let session):
      call(for: session.id) { session.write(request) }
    case .work(let work): perform(work)
    case .link(let report):
      guard let session = sessions.first(where: { $0.id == report.session }) else { return nil }
      session.driverReported(report)
    }
    return nil
  }

  private func perform(_ work: LaneWork) {
    guard !work.isOver else { return }
    switch work.kind {
    case .call(_, let session), .describe(let session):
      call(for: session.id) { session.prepare(work) }
      call(for: session.id, request: work.request) { session.perform(work) }
    case .scan(let command, let driver):
      call(for: 0, request: work.request) { driver.scan(command, work: work, call: call) }
    }
  }

  private func call<T>(for session: UInt32, request: UInt64? = nil, _ body: () -> T) -> T {
    current.withLock { current in
      // A cancellation counts for all calls of this step, and for no other.
      call.rearm()
      current = Current(session: session, request: request)
    }
    defer { current.withLock { $0 = nil } }
    return body()
  }

  /// Any thread: cancels the call under way if it is for `session`.
  func cancel(_ session: UInt32) {
    current.withLock { if $0?.session == session { call.cancel() } }
  }

  /// Any thread: cancels the call under way if it is for `request`.
  func cancel(request: UInt64) {
    current.withLock { if $0?.request == request { call.cancel() } }
  }
}
