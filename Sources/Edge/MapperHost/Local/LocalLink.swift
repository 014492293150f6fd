// SPDX-License-Identifier: Apache-2.0
internal import MapperEngine
internal import Synchronization
internal import Threads

/// The way to an engine in this process.
///
/// All goes through the engine's own thread: whoever calls a feed, and with it a twin that writes, never finds itself
/// in the engine. The queue is bounded by what there is: a few orders for each device, and as many commands as
/// requests wait.
final class LocalLink: EngineLink {
  enum Errand: Sendable {
    case command(EngineCommand)
    case order(EngineOrder)
  }

  private struct State {
    var isOpen = true
    var errands: [Errand] = []
    var countersAreAsked = false
    /// What the library said.
    var answer: LoadAnswer?
    /// Whether `stop` of the engine came back in time; nil: not yet.
    var hasStopped: Bool?
  }

  /// What loading the library came to.
  enum LoadAnswer: Sendable {
    case loaded(LibraryReport)
    case refused(String)
    /// It was not tried: no fault of the library.
    case notStarted(String)
  }

  let waiting = WaitingRequests()
  let counters = CounterCell()
  let wakeUp: WakeUp
  private let state = Mutex(State())

  init() throws(FileProblem) { wakeUp = try WakeUp.make() }

  var hasRoom: Bool { true }

  func send(_ command: EngineCommand) {
    change { state in
      if command == .counters {
        // However many ask while the engine is busy, one answer is enough.
        guard !state.countersAreAsked else { return }
        state.countersAreAsked = true
      }
      state.errands.append(.command(command))
    }
  }

  func order(_ order: EngineOrder) { change { $0.errands.append(.order(order)) } }

  private func change(_ body: (inout State) -> Void) {
    let isOpen = state.withLock { state in
      if state.isOpen { body(&state) }
      return state.isOpen
    }
    if isOpen { wakeUp.raise() }
  }

  // MARK: - For the engine's threads

  func answer(_ answer: LoadAnswer) { change { $0.answer = answer } }
  func stopped(inTime: Bool) { change { $0.hasStopped = inTime } }

  /// What has come since the last time.
  func take() -> (errands: [Errand], answer: LoadAnswer?, hasStopped: Bool?) {
    wakeUp.clear()
    return state.withLock { state in
      defer {
        state.errands = []
        state.answer = nil
        state.countersAreAsked = false
      }
      return (state.errands, state.answer, state.hasStopped)
    }
  }

  /// Nothing is taken any more.
  func shut(_ reason: String) {
    state.withLock { state in
      state.isOpen = false
      state.errands = []
    }
    waiting.shut(reason)
    counters.close()
  }
}
