// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// A call of a method, a scan or a description: asked for once, answered exactly once, and to be cancelled any time.
final class LaneWork: Sendable {
  enum Kind: Sendable {
    case call(MethodRequest, DeviceSession)
    case describe(DeviceSession)
    case scan(ScanCommand, DriverTable)
  }

  private enum Phase {
    case waiting
    case running
    case over
  }

  let request: UInt64
  let kind: Kind
  /// When the engine took the command, and when the driver must be back; monotonic nanoseconds.
  let arrival: Int64
  let deadline: Int64
  let host: HostContext
  /// Called before the answer is sent, so that what the host does next finds the request gone.
  private let ended: @Sendable (LaneWork) -> Void
  private let phase = Mutex(Phase.waiting)
  private let cancelReason = Mutex<String?>(nil)

  init(
    request: UInt64, timeoutMilliseconds: UInt32, kind: Kind, host: HostContext,
    ended: @escaping @Sendable (LaneWork) -> Void
  ) {
    self.request = request
    self.kind = kind
    self.host = host
    self.ended = ended
    arrival = WallClock.monotonic
    deadline = arrival + Int64(timeoutMilliseconds) * 1_000_000
  }

  var session: DeviceSession? {
    switch kind {
    case .call(_, let session), .describe(let session): session
    case .scan: nil
    }
  }

  var isOver: Bool { phase.withLock { $0 == .over } }

  /// Its lane is there for it. False: it was cancelled before.
  func begin() -> Bool {
    phase.withLock { phase in
      guard phase == .waiting else { return false }
      phase = .running
      return true
    }
  }

  /// Any thread. Answers it if it still waits.
  ///
  /// - Parameter reason: why the engine itself cancels it; nil: it was asked to.
  /// - Returns: false when it does not wait any more: the call under way has to be cancelled.
  func cancelWaiting(_ reason: String? = nil) -> Bool {
    let waited = phase.withLock { phase in
      guard phase == .waiting else { return false }
      phase = .over
      return true
    }
    if waited {
      send(.cancelled, reason ?? "it was cancelled before it began", .nothing)
    } else {
      cancelReason.withLock { $0 = reason }
    }
    return waited
  }

  /// The words for the end of a call that the engine itself has cancelled.
  var reasonOfCancel: String? { cancelReason.withLock { $0 } }

  /// The answer; a second one is dropped.
  func answer(_ status: MapperStatus, _ text: String, _ result: MethodValue = .nothing) {
    let isFirst = phase.withLock { phase in
      defer { phase = .over }
      return phase != .over
    }
    if isFirst { send(status, text, result) }
  }

  private func send(_ status: MapperStatus, _ text: String, _ result: MethodValue) {
    ended(self)
    switch kind {
    case .call(let method, _):
      host.sink.send(
        .called(session: method.session, request: request, status: status, text: text, result: result))
    case .describe, .scan: host.sink.send(.scanned(request: request, status: status, text: text))
    }
  }

  /// Milliseconds since the command came, for words.
  var waitedMilliseconds: Int64 { (WallClock.monotonic - arrival) / 1_000_000 }
}
