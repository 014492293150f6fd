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

  /// Writes beyond this are answered BUSY. Other jobs are bounded by the number of devices.
  static let maximumJobs = 4096

  let key: String
  let call = CallContext()

  // Under the scheduler's lock.
  var jobs: [LaneJob] = []
  var firstJob = 0
  var state = State.idle
  var ticket: UInt64 = 0
  /// Devices that are bound to the lane or are on their way to it.
  var members = 0

  // Of the running thread.
  private var sessions: [DeviceSession] = []
  private let current = Mutex<UInt32?>(nil)

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
      let outcome = call(for: session.id) { session.create() }
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
    case .link(let report):
      guard let session = sessions.first(where: { $0.id == report.session }) else { return nil }
      session.driverReported(report)
    }
    return nil
  }

  private func call<T>(for session: UInt32, _ body: () -> T) -> T {
    current.withLock { current in
      // A cancellation counts for all calls of this step, and for no other.
      call.rearm()
      current = session
    }
    defer { current.withLock { $0 = nil } }
    return body()
  }

  /// Any thread: cancels the call under way if it is for `session`.
  func cancel(_ session: UInt32) {
    current.withLock { if $0 == session { call.cancel() } }
  }
}
