// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Who follows changes, and the numbers of the changes.
///
/// All devices share one row of numbers, so that one number says how far a reader has come. Without a reader a
/// change costs the addition. With a follower, a change gets its number and is noted in one step, under the hub's
/// lock, while its device's lock is held: so whoever takes the notes up to a number misses none below it.
final class WatchHub: Sendable {
  /// Removals that are remembered for readers who come back; the oldest is forgotten first.
  static let removalLimit = 1024

  private struct Removal {
    let position: UInt64
    let name: DeviceName
  }

  private struct State {
    var followers: [ObjectIdentifier: WeakFollower] = [:]
    var watches: [ObjectIdentifier: WeakWatch] = [:]
    var removals: [Removal] = []
    /// Of the last removal that was forgotten; 0: none was.
    var forgotten: UInt64 = 0
  }

  private struct WeakWatch {
    weak var watch: Watch?
  }

  private struct WeakFollower {
    weak var follower: Follower?
  }

  private let watchCount = Atomic<Int>(0)
  private let followerCount = Atomic<Int>(0)
  private let position = Atomic<UInt64>(0)
  private let state = Mutex(State())

  var watchers: Int { watchCount.load(ordering: .relaxed) + followerCount.load(ordering: .relaxed) }

  // MARK: Changes

  /// Numbers a change of the device, whose lock the caller holds.
  func number(_ device: borrowing Device) -> UInt64 {
    guard followerCount.load(ordering: .acquiring) > 0 else { return next() }
    return state.withLock { state in
      for follower in state.followers.values {
        follower.follower?.note(device.name, instance: device.id, isRemoved: false)
      }
      return next()
    }
  }

  private func next() -> UInt64 { position.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue }

  /// After the device's lock was left.
  func deviceChanged(_ device: Device) {
    if watchCount.load(ordering: .acquiring) > 0 {
      for watch in currentWatches() { watch.deviceChanged(device) }
    }
    wakeFollowers()
  }

  func deviceRemoved(_ device: Device) {
    state.withLock { state in
      state.removals.append(Removal(position: next(), name: device.name))
      if state.removals.count > Self.removalLimit { state.forgotten = state.removals.removeFirst().position }
      for follower in state.followers.values {
        follower.follower?.note(device.name, instance: device.id, isRemoved: true)
      }
    }
    if watchCount.load(ordering: .acquiring) > 0 {
      for watch in currentWatches() { watch.deviceRemoved(device) }
    }
    wakeFollowers()
  }

  func removals(after start: UInt64) -> [DeviceName]? {
    state.withLock { state in
      guard start >= state.forgotten, start <= position.load(ordering: .acquiring) else { return nil }
      return state.removals.drop { $0.position <= start }.map(\.name)
    }
  }

  // MARK: Readers

  func add(_ watch: Watch) {
    state.withLock { state in
      state.watches[ObjectIdentifier(watch)] = WeakWatch(watch: watch)
      watchCount.store(state.watches.count, ordering: .releasing)
    }
  }

  func add(_ follower: Follower) {
    state.withLock { state in
      state.followers[ObjectIdentifier(follower)] = WeakFollower(follower: follower)
      followerCount.store(state.followers.count, ordering: .releasing)
    }
  }

  func remove(_ id: ObjectIdentifier) {
    state.withLock { state in
      state.watches[id] = nil
      state.followers[id] = nil
      watchCount.store(state.watches.count, ordering: .releasing)
      followerCount.store(state.followers.count, ordering: .releasing)
    }
  }

  /// All notes of a follower and the number up to which they are complete.
  func take(_ notes: (UInt64) -> Void) {
    state.withLock { _ in notes(position.load(ordering: .acquiring)) }
  }

  /// Ends every watch, so that no reader waits for ever.
  func stop() {
    for watch in currentWatches() { watch.cancel() }
  }

  private func currentWatches() -> [Watch] {
    state.withLock { $0.watches.values.compactMap(\.watch) }
  }

  private func wakeFollowers() {
    guard followerCount.load(ordering: .acquiring) > 0 else { return }
    for follower in state.withLock({ $0.followers.values.compactMap(\.follower) }) { follower.wakeUp() }
  }
}
