// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc

/// A mutex with several condition variables on the monotonic clock: the leader waits at one, its followers at
/// another. (`Threads.Monitor` has one.)
/// Sound as `@unchecked Sendable`: the pthread objects are made for sharing, and their addresses never change.
final class LaneLock: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let conditions: UnsafeMutablePointer<pthread_cond_t>
  private let count: Int

  init(conditions count: Int) {
    self.count = count
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    conditions = .allocate(capacity: count)
    conditions.initialize(repeating: pthread_cond_t(), count: count)
    for index in 0..<count { sv_cond_init(conditions + index) }
  }

  deinit {
    for index in 0..<count { pthread_cond_destroy(conditions + index) }
    conditions.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }

  /// Only with the lock held. False at the deadline (CLOCK_MONOTONIC nanoseconds).
  @discardableResult
  func wait(_ condition: Int, until deadline: Int64) -> Bool {
    sv_cond_wait_until(conditions + condition, mutex, deadline)
  }

  func signal(_ condition: Int) { pthread_cond_signal(conditions + condition) }
  func broadcast(_ condition: Int) { pthread_cond_broadcast(conditions + condition) }

  func withLock<T>(_ body: () -> T) -> T {
    lock()
    defer { unlock() }
    return body()
  }
}
