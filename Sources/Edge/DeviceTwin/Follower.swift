// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Keeps which devices changed until its reader takes them: each device once.
final class Follower: TwinFollower {
  private struct State {
    var notes: [Int64: TwinNotes.Note] = [:]
    /// The reader was woken and has not taken yet.
    var isWoken = false
    var isCancelled = false
  }

  private let hub: WatchHub
  private let wake: @Sendable () -> Void
  private let state = Mutex(State())

  init(hub: WatchHub, wake: @escaping @Sendable () -> Void) {
    self.hub = hub
    self.wake = wake
  }

  deinit { hub.remove(ObjectIdentifier(self)) }

  /// Under the hub's lock.
  func note(_ device: DeviceName, instance: Int64, isRemoved: Bool) {
    state.withLock { state in
      guard !state.isCancelled else { return }
      if var known = state.notes[instance] {
        known.changes += 1
        // What is gone does not change any more, whatever comes late.
        known.isRemoved = known.isRemoved || isRemoved
        state.notes[instance] = known
      } else {
        state.notes[instance] = TwinNotes.Note(device: device, instance: instance, isRemoved: isRemoved)
      }
    }
  }

  /// Without a lock held.
  func wakeUp() {
    let isDue = state.withLock { state in
      guard !state.notes.isEmpty, !state.isWoken, !state.isCancelled else { return false }
      state.isWoken = true
      return true
    }
    if isDue { wake() }
  }

  func take() -> TwinNotes {
    var taken = TwinNotes(notes: [], position: 0)
    hub.take { position in
      taken.position = position
      taken.notes = state.withLock { state in
        state.isWoken = false
        defer { state.notes.removeAll(keepingCapacity: true) }
        return Array(state.notes.values)
      }
    }
    if taken.notes.count > 1 { taken.notes.sort { $0.instance < $1.instance } }
    return taken
  }

  func cancel() {
    hub.remove(ObjectIdentifier(self))
    state.withLock { state in
      state.isCancelled = true
      state.notes = [:]
    }
  }
}
