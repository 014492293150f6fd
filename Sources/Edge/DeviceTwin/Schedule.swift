// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store
internal import Synchronization
internal import Threads

/// One thread that wakes devices when something of theirs is due: reports, retries, ends of a time to live.
final class Schedule: Sendable {
  private struct State {
    var heap = WakeHeap()
    var isStopping = false
  }

  private let monitor = Monitor(State())

  /// Devices that are to be woken.
  var count: Int { monitor.withLock { $0.heap.count } }

  func start() throws {
    _ = try WorkerThread("twin-schedule") { [self] in
      while let device = next() {
        let due = device.tick(now: WallClock.monotonic)
        if due < .max { wake(device, at: due) }
      }
    }
  }

  func stop() {
    monitor.withLock { state in
      state.isStopping = true
      state.heap = WakeHeap()
    }
    monitor.signal()
  }

  /// Has the device's `tick` called at `time` (CLOCK_MONOTONIC) or earlier. Cheap when that is so already.
  func wake(_ device: Device, at time: Int64) {
    guard time < device.scheduled.load(ordering: .relaxed) else { return }
    let isFirst = monitor.withLock { state -> Bool in
      guard !state.isStopping else { return false }
      state.heap.insert(device, at: time)
      return state.heap.first === device
    }
    if isFirst { monitor.signal() }
  }

  /// A device that is gone is woken no more.
  func forget(_ device: Device) {
    monitor.withLock { $0.heap.remove(device) }
  }

  private func next() -> Device? {
    let found: Device?? = monitor.wait(until: { $0.heap.earliest }) { state -> Device?? in
      if state.isStopping { return .some(nil) }
      guard let first = state.heap.first, let due = state.heap.earliest, due <= WallClock.monotonic else {
        return nil
      }
      state.heap.remove(first)
      return .some(first)
    }
    return found ?? nil
  }
}
