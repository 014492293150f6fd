// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc

/// State behind a lock that threads can wait on.
///
/// For threads of our own only: a wait on Swift's cooperative pool would take a thread from it.
///
/// Sound as `@unchecked Sendable`: `state` is touched only between lock and unlock of `mutex`.
package final class Monitor<State>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var state: State

  package init(_ state: sending State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    sv_cond_init(condition)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  package func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }

  /// Lets one waiting thread look again.
  package func signal() { pthread_cond_signal(condition) }

  /// Blocks until `body` gives a result, looking again at every signal and at `deadline`.
  ///
  /// - Parameter deadline: CLOCK_MONOTONIC nanoseconds after which `body` is asked anew; nil: only signals count.
  package func wait<Result>(
    until deadline: (borrowing State) -> Int64?, for body: (inout State) -> Result?
  ) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) { return result }
      if let limit = deadline(state) {
        _ = sv_cond_wait_until(condition, mutex, limit)
      } else {
        pthread_cond_wait(condition, mutex)
      }
    }
  }
}
