// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization

/// The twin of one device.
///
/// Its lock is held for copies and for handing operations to the writer, so that the disk sees them in the
/// order in which memory did; never across a call to a driver, the publisher or a watcher.
final class Device: Sendable {
  let name: DeviceName
  let id: Int64
  let context: TwinContext
  let topics: DeviceTopics
  let state: Mutex<DeviceState>
  /// When the schedule wakes this device, and its place in the heap (-1: none); written by `WakeHeap` alone.
  let scheduled = Atomic<Int64>(.max)
  let heapPlace = Atomic<Int>(-1)

  init(name: DeviceName, id: Int64, context: TwinContext, state: sending DeviceState) {
    self.name = name
    self.id = id
    self.context = context
    self.state = Mutex(state)
    topics = DeviceTopics(namespace: name.namespace, name: name.name)
    self.state.withLock { $0.changes = ChangeNumbers(self) }
  }

  /// What is due now; returns when to be called next.
  func tick(now: Int64) -> Int64 {
    save(now: now)
    report(now: now)
    pursueDesired(now: now)
    // What failed late may have left a time behind at a device that is gone.
    return state.withLock { $0.isRemoved ? .max : min($0.nextReport, $0.nextDesired, $0.nextSave) }
  }

  /// Tells watchers and the schedule, after the lock was left.
  func wakeUp(at due: Int64, changed: Bool) {
    if due < .max { context.schedule.wake(self, at: due) }
    if changed { context.watches.deviceChanged(self) }
  }

  func logger() -> Logger {
    var log = context.log
    log[metadataKey: "device"] = "\(name)"
    return log
  }
}

extension Device {
  /// Reports all that changed, due or not: the last chance before the file closes.
  func flush() {
    let now = WallClock.monotonic
    state.withLock { state in
      var isDue = state.isLinkDue
      for place in state.properties.indices where state.properties[place].due < .max {
        state.properties[place].due = now
        isDue = true
      }
      if isDue { state.nextReport = now }
      if !state.isStored { state.nextSave = now }
    }
    save(now: now)
    report(now: now)
    // While a device is online the time it was so last moves on in memory only.
    state.withLock { state in
      guard state.isStored, state.isMapped, state.link.state == .online || state.link.state == .degraded
      else { return }
      _ = context.writer.submit(TwinOperation([.device(deviceRow(state))]) { _, _ in })
    }
  }
}
