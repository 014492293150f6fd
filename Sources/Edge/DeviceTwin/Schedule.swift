// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store
internal import Synchronization
internal import Threads

/// One thread that wakes devices when something of theirs is due: reports, retries, ends of a time to live.
///
/// A device has at most one live entry; a wake-up that comes earlier than its entry leaves that one behind,
/// and it is skipped when its time comes.
final class Schedule: Sendable {
  private struct Entry {
    var time: Int64
    var device: Device
  }

  private struct State {
    /// A binary heap, the earliest first.
    var heap: [Entry] = []
    var isStopping = false
  }

  private let monitor = Monitor(State())

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
      state.heap = []
    }
    monitor.signal()
  }

  /// Has the device's `tick` called at `time` (CLOCK_MONOTONIC) or earlier. Cheap when that is so already.
  func wake(_ device: Device, at time: Int64) {
    guard time < device.scheduled.load(ordering: .relaxed) else { return }
    let isFirst = monitor.withLock { state -> Bool in
      guard !state.isStopping, time < device.scheduled.load(ordering: .relaxed) else { return false }
      device.scheduled.store(time, ordering: .relaxed)
      Self.push(Entry(time: time, device: device), to: &state.heap)
      return state.heap[0].device === device && state.heap[0].time == time
    }
    if isFirst { monitor.signal() }
  }

  private func next() -> Device? {
    let found: Device?? = monitor.wait(until: { $0.heap.first?.time }) { state -> Device?? in
      if state.isStopping { return .some(nil) }
      let now = WallClock.monotonic
      while let first = state.heap.first, first.time <= now {
        Self.pop(&state.heap)
        guard first.device.scheduled.load(ordering: .relaxed) == first.time else { continue }
        first.device.scheduled.store(.max, ordering: .relaxed)
        return .some(first.device)
      }
      return nil
    }
    return found ?? nil
  }

  private static func push(_ entry: Entry, to heap: inout [Entry]) {
    heap.append(entry)
    var place = heap.count - 1
    while place > 0, heap[place].time < heap[(place - 1) / 2].time {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private static func pop(_ heap: inout [Entry]) {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < heap.count && heap[child].time < heap[least].time {
        least = child
      }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
