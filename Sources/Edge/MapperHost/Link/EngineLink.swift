// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine

/// The host's end of one engine, for any thread, wherever the engine lives: `RunnerLink` reaches one in a runner
/// process, `LocalLink` one in this process.
protocol EngineLink: AnyObject, Sendable {
  /// What waits for the engine's answers.
  var waiting: WaitingRequests { get }
  /// The last counters that the engine told.
  var counters: CounterCell { get }
  /// Whether the way to the engine takes more requests than it has now.
  var hasRoom: Bool { get }

  /// Never blocks; ignored when the engine has ended.
  func send(_ command: EngineCommand)
  /// What only the engine's own thread of the host can do. Ignored when it has ended.
  func order(_ order: EngineOrder)
}

/// What the thread that belongs to an engine is asked to do.
enum EngineOrder: Sendable {
  case open(Session, SessionBinding, any DeviceFeed)
  /// The device's twin has another form now: from here on samples go to this feed.
  case refeed(Session, any DeviceFeed)
  /// Ends the session. Its samples and answers count until the engine has let go of the device; `closed` follows.
  case close(Session)
  /// Leaves a session that does not end behind: its feed is touched no more; `detached` follows.
  case leave(Session)
  case stop
}

extension EngineLink {
  /// Never blocks. `write` is finished exactly once.
  func write(_ items: [WriteRequest.Item], _ write: PendingWrite) {
    switch add(.write(write)) {
    case .taken(let request):
      send(.write(WriteRequest(session: write.session.id, request: request, items: items)))
    case .closed(let reason): write.finish(.unavailable, reason)
    case .full: write.finish(.busy, "too many writes wait for the mapper")
    }
  }

  func add(_ request: PendingRequest) -> WaitingRequests.Admission {
    hasRoom ? waiting.add(request) : waiting.refuse(request)
  }
}
