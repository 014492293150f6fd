// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Who follows changes. Without a watcher a change costs one load of a number.
final class WatchHub: Sendable {
  private let count = Atomic<Int>(0)
  private let watches = Mutex<[ObjectIdentifier: WeakWatch]>([:])

  private struct WeakWatch {
    weak var watch: Watch?
  }

  var watchers: Int { count.load(ordering: .relaxed) }

  func add(_ watch: Watch) {
    watches.withLock { all in
      all[ObjectIdentifier(watch)] = WeakWatch(watch: watch)
      count.store(all.count, ordering: .releasing)
    }
  }

  func remove(_ id: ObjectIdentifier) {
    watches.withLock { all in
      all[id] = nil
      count.store(all.count, ordering: .releasing)
    }
  }

  func deviceChanged(_ device: Device) {
    guard count.load(ordering: .acquiring) > 0 else { return }
    for watch in current() { watch.deviceChanged(device) }
  }

  func deviceRemoved(_ device: Device) {
    guard count.load(ordering: .acquiring) > 0 else { return }
    for watch in current() { watch.deviceRemoved(device) }
  }

  /// Ends every watch, so that no reader waits for ever.
  func stop() {
    for watch in current() { watch.cancel() }
  }

  private func current() -> [Watch] {
    watches.withLock { $0.values.compactMap(\.watch) }
  }
}
