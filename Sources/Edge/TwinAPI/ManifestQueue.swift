// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import NIOPosix
internal import Synchronization

/// Runs what blocks on the disk on a thread of its own, one after the other.
///
/// The thread starts with the first request. What would wait behind `limit` others is refused.
final class ManifestQueue: Sendable {
  private struct State {
    var pool: NIOThreadPool?
    var waiting = 0
    var isStopped = false
  }
  private let store: any ManifestStore
  private let limit: Int
  private let state = Mutex(State())

  init(store: any ManifestStore, limit: Int) {
    self.store = store
    self.limit = limit
  }

  func apply(_ text: String, source: String) async throws(Problem) -> [ManifestChange] {
    try await run { store throws(ManifestError) in try store.apply(text, source: source) }
  }

  func delete(kind: String, namespace: String, name: String) async throws(Problem) -> ManifestChange {
    try await run { store throws(ManifestError) in
      try store.delete(kind: kind, namespace: namespace, name: name)
    }
  }

  func problems() async throws(Problem) -> [ManifestProblem] {
    try await run { store throws(ManifestError) in store.problems() }
  }

  /// What runs is finished; what still waits is refused.
  func stop() async {
    let pool = state.withLock { state in
      state.isStopped = true
      return state.pool
    }
    try? await pool?.shutdownGracefully()
  }

  private func run<Value: Sendable>(
    _ work: @escaping @Sendable (any ManifestStore) throws(ManifestError) -> Value
  ) async throws(Problem) -> Value {
    guard let pool = admit() else {
      throw .busy("\(limit) requests for the manifests wait, or the agent stops.")
    }
    defer { state.withLock { $0.waiting -= 1 } }
    let result: Result<Value, ManifestError>
    do {
      result = try await pool.runIfActive { [store] in
        do throws(ManifestError) {
          return .success(try work(store))
        } catch {
          return .failure(error)
        }
      }
    } catch {
      throw .busy("The agent stops.")
    }
    do throws(ManifestError) {
      return try result.get()
    } catch {
      throw Problem(error)
    }
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
