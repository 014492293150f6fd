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

  /// A place; it is free again when nobody holds it any more, also when the stream was never read.
  final class Place: Sendable {
    /// Ends when the API stops.
    let end: AsyncStream<Void>
    private let number: Int
    private let owner: EventFollowers

    fileprivate init(_ number: Int, of owner: EventFollowers, end: AsyncStream<Void>) {
      self.number = number
      self.owner = owner
      self.end = end
    }

    deinit { owner.leave(number) }
  }

  /// Nil: there is none.
  func enter() -> Place? {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    let number = state.withLock { state -> Int? in
      guard !state.isClosed, state.ends.count < limit else { return nil }
      state.next += 1
      state.ends[state.next] = continuation
      return state.next
    }
    return number.map { Place($0, of: self, end: stream) }
  }

  private func leave(_ number: Int) { state.withLock { _ = $0.ends.removeValue(forKey: number) } }

  func close() {
    let ends = state.withLock { state in
      state.isClosed = true
      return Array(state.ends.values)
    }
    for end in ends { end.finish() }
  }
}
