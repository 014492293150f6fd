// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine
internal import Synchronization

/// The sessions of one engine: what it says of them goes to the feeds of their devices, and what the host must know to
/// the host. For any thread, several at once.
final class SessionDesk: Sendable {
  private let table = Mutex(SessionTable())
  private let waiting: WaitingRequests
  private let report: @Sendable (RunnerEvent) -> Void

  init(waiting: WaitingRequests, report: @escaping @Sendable (RunnerEvent) -> Void) {
    self.waiting = waiting
    self.report = report
  }

  @inline(__always)
  subscript(id: UInt32) -> FedSession? { table.withLock { $0[id] } }

  var all: [FedSession] { table.withLock { $0.all } }

  /// Of the device that a session drives, for messages.
  func device(of id: UInt32) -> String? { self[id]?.session.device.description }

  // MARK: - Orders

  func open(_ session: Session, _ feed: any DeviceFeed) {
    let entry = FedSession(session: session, feed: feed)
    table.withLock { $0[session.id] = entry }
  }

  func refeed(_ session: Session, _ feed: any DeviceFeed) { self[session.id]?.refeed(feed) }

  func leave(_ session: Session) {
    guard let entry = self[session.id] else { return }
    entry.leave()
    waiting.abandon(session, "the driver does not let go of the device")
    report(.detached(session))
  }

  /// The engine is gone: nothing touches a feed from here on.
  func leaveAll() {
    for entry in all { entry.leave() }
  }

  // MARK: - Events

  func bound(_ outcome: BindOutcome) {
    guard let entry = self[outcome.session] else { return }
    let session = entry.session
    if outcome.status.isOK {
      if entry.bound(outcome) { report(.bound(session, outcome)) }
    } else if !entry.isBound {
      end(entry)
      // Asked to end before: it has ended, and nobody waits for the outcome.
      report(session.isEnding ? .closed(session) : .bound(session, outcome))
    }
  }

  func unbound(_ id: UInt32) {
    guard let entry = self[id], entry.session.isEnding else { return }
    end(entry)
    report(.closed(entry.session))
  }

  /// The feed is the host's again once the host is told.
  private func end(_ entry: FedSession) {
    entry.leave()
    table.withLock { $0[entry.session.id] = nil }
    waiting.abandon(entry.session, "the device is being bound anew")
  }

  /// Takes all events that are of a session or of a request.
  func take(_ event: EngineEvent) {
    switch event {
    case .bound(let outcome): bound(outcome)
    case .unbound(let session): unbound(session)
    case .link(let session, let state, let status, let reason):
      self[session]?.linkChanged(to: state, reason: reason.isEmpty && !status.isOK ? "\(status)" : reason)
    case .written(let session, let request, let items): waiting.written(request, session: session, items)
    case .called(let session, let request, let status, let text, let result):
      waiting.called(request, session: session, status, text, result)
    case .found(let request, let item): waiting.scan(request)?.found(item)
    case .progress(let request, let done, let total, let text):
      waiting.scan(request)?.progress(done: done, total: total, text)
    case .scanned(let request, let status, let text): waiting.scanned(request, status, text)
    case .loaded, .refused, .counters, .log: break
    }
  }
}
