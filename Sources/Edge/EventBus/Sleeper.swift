// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization
internal import Threads

/// Ends the sleep of one thread. A signal to a thread that is awake costs no system call.
final class Sleeper: Sendable {
  private enum State {
    static let awake: UInt8 = 0
    static let asleep: UInt8 = 1
    static let signalled: UInt8 = 2
  }

  private let state = Atomic<UInt8>(State.awake)
  private let event: WakeUp

  init() throws(WakeUp.CreateError) { event = try WakeUp() }

  /// Any thread. What was done before the signal is seen by the thread after its next `rearm`.
  func signal() {
    let before = state.exchange(State.signalled, ordering: .acquiringAndReleasing)
    if before == State.asleep { event.raise() }
  }

  /// The sleeping thread, before it looks for work.
  func rearm() { _ = state.exchange(State.awake, ordering: .acquiringAndReleasing) }

  /// The sleeping thread: waits for a signal since the last `rearm`, for one of `events` on `socket`, or
  /// for the time to pass. Returns the events that came.
  func sleep(socket: Int32, events: Int16, milliseconds: Int) -> Int16 {
    let (fell, _) = state.compareExchange(
      expected: State.awake, desired: State.asleep, ordering: .acquiringAndReleasing)
    var entries = (
      pollfd(fd: socket, events: events, revents: 0),
      pollfd(fd: event.descriptor, events: Int16(POLLIN), revents: 0)
    )
    let (came, signalled) = withUnsafeMutablePointer(to: &entries) { pointer in
      pointer.withMemoryRebound(to: pollfd.self, capacity: 2) { entries in
        let count = poll(entries, 2, fell ? Int32(clamping: milliseconds) : 0)
        return count > 0 ? (entries[0].revents, entries[1].revents != 0) : (0, false)
      }
    }
    if signalled { event.clear() }
    // Only leaves `asleep`: a signal that came meanwhile stays.
    _ = state.compareExchange(expected: State.asleep, desired: State.awake, ordering: .acquiringAndReleasing)
    return came
  }

  /// The sleeping thread: waits for a signal or for the time to pass.
  func sleep(milliseconds: Int) { _ = sleep(socket: -1, events: 0, milliseconds: milliseconds) }
}
