// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// The readers of the stream of events: bounded in number, and ended together when the API stops.
final class EventFollowers: Sendable {
  private struct State {
    var ends: [Int: AsyncStream<Void>.Continuation] = [:]
    var next = 0
    var isClosed = false
  }

  let limit: Int
  private let state = Mutex(State())

  init(limit: Int = Limits.eventFollowers) { self.limit = limit }

  var count: Int { state.withLock { $0.ends.count } }

  /// A place, and what ends when the API stops; nil: there is none.
  func enter() -> (number: Int, end: AsyncStream<Void>)? {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    let number = state.withLock { state -> Int? in
      guard !state.isClosed, state.ends.count < limit else { return nil }
      state.next += 1
      state.ends[state.next] = continuation
      return state.next
    }
    return number.map { ($0, stream) }
  }

  func leave(_ number: Int) { state.withLock { _ = $0.ends.removeValue(forKey: number) } }

  func close() {
    let ends = state.withLock { state in
      state.isClosed = true
      return Array(state.ends.values)
    }
    for end in ends { end.finish() }
  }
}
