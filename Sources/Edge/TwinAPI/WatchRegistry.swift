// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// The watches that requests hold now: bounded in number, and ended together when the API stops.
final class WatchRegistry: Sendable {
  private struct State {
    var watches: [Int: any TwinWatch] = [:]
    var next = 0
    var isClosed = false
  }
  let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  /// How many are open now.
  var count: Int { state.withLock { $0.watches.count } }

  /// Opens a watch for as long as `body` runs. A watch that is over, also because the API stops, gives nil.
  func withWatch<Result>(
    _ filter: WatchFilter, of twins: any TwinService, _ body: (any TwinWatch) async throws -> Result
  ) async throws -> Result {
    let watch = twins.watch(filter)
    defer { watch.cancel() }
    let token = state.withLock { state -> Int? in
      guard state.watches.count < limit, !state.isClosed else { return nil }
      state.next += 1
      state.watches[state.next] = watch
      return state.next
    }
    guard let token else { throw Problem.busy("All \(limit) watches are in use, or the agent stops.") }
    defer { state.withLock { _ = $0.watches.removeValue(forKey: token) } }
    return try await body(watch)
  }

  /// Ends all of them and lets none begin.
  func close() {
    let watches = state.withLock { state in
      state.isClosed = true
      return Array(state.watches.values)
    }
    for watch in watches { watch.cancel() }
  }
}
