// SPDX-License-Identifier: Apache-2.0
internal import NIOPosix
internal import Synchronization

/// Runs what waits for the disk or for the system's lists of users on a thread of its own, one after the other.
///
/// The thread starts with the first request. What would wait behind `limit` others is refused.
final class BlockingWork: Sendable {
  private struct State {
    var pool: NIOThreadPool?
    var waiting = 0
    var isStopped = false
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int = 64) { self.limit = limit }

  /// Nil: too much waits, or the API stops.
  func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
    guard let pool = admit() else { return nil }
    defer { state.withLock { $0.waiting -= 1 } }
    return try? await pool.runIfActive { work() }
  }

  func stop() async {
    let pool = state.withLock { state in
      state.isStopped = true
      return state.pool
    }
    try? await pool?.shutdownGracefully()
  }

  private func admit() -> NIOThreadPool? {
    state.withLock { state in
      guard !state.isStopped, state.waiting < limit else { return nil }
      state.waiting += 1
      if let pool = state.pool { return pool }
      let pool = NIOThreadPool(numberOfThreads: 1)
      pool.start()
      state.pool = pool
      return pool
    }
  }
}
