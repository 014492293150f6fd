// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Tells a task that a thread has come to its end. Only one task may wait.
final class ThreadEnd: Sendable {
  private struct State {
    var hasCome = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Returns when `come` has been called; at once if that was before.
  func wait() async {
    await withCheckedContinuation { continuation in
      let hasCome = state.withLock {
        if !$0.hasCome { $0.waiter = continuation }
        return $0.hasCome
      }
      if hasCome { continuation.resume() }
    }
  }

  /// The last that the thread does.
  func come() {
    let waiter = state.withLock {
      $0.hasCome = true
      return $0.waiter.take()
    }
    waiter?.resume()
  }
}
