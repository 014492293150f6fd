// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization
internal import Threads

/// The report cycles of all devices, on a thread of its own.
final class PushSchedule: Sendable {
  private struct Entry {
    let device: PushDevice
    let group: Int
    var due: Int64
  }

  private struct State {
    var entries: [Entry] = []
    var isStopping = false
  }

  /// Cycles that fall due within it share a wake-up.
  private static let grain: Int64 = 10_000_000

  private let state = Monitor(State())
  private let worker = Mutex<WorkerThread?>(nil)
  private let hasEnded = Mutex<CheckedContinuation<Void, Never>?>(nil)

  func start() throws {
    let started = try WorkerThread("push") { self.run() }
    worker.withLock { $0 = started }
  }

  /// Returns once the thread has ended.
  func stop() async {
    guard let worker = worker.withLock({ $0.take() }) else { return }
    await withCheckedContinuation { continuation in
      hasEnded.withLock { $0 = continuation }
      state.withLock { $0.isStopping = true }
      state.signal()
    }
    worker.join()
  }

  func add(_ device: PushDevice) {
    let now = WallClock.monotonic
    state.withLock { state in
      for (index, group) in device.groups.enumerated() {
        // Spread, so that the devices of one manifest do not come all at once.
        let phase = Int64.random(in: 0..<group.cycle)
        state.entries.append(Entry(device: device, group: index, due: now + phase))
      }
    }
    state.signal()
  }

  func remove(_ device: PushDevice) { state.withLock { $0.entries.removeAll { $0.device === device } } }

  private func run() {
    while let due = next() { for (device, group) in due { device.push(group) } }
    hasEnded.withLock { $0.take() }?.resume()
  }

  /// Waits for what is due; nil at the end. Cycles that were missed are skipped.
  private func next() -> [(PushDevice, Int)]? {
    state.wait { state in
      state.entries.map(\.due).min().map { ($0 / Self.grain + 1) * Self.grain }
    } for: { state -> [(PushDevice, Int)]?? in
      if state.isStopping { return .some(nil) }
      let now = WallClock.monotonic
      var due: [(PushDevice, Int)] = []
      for index in state.entries.indices where state.entries[index].due <= now {
        let entry = state.entries[index]
        let cycle = entry.device.groups[entry.group].cycle
        state.entries[index].due += ((now - entry.due) / cycle + 1) * cycle
        due.append((entry.device, entry.group))
      }
      return due.isEmpty ? nil : .some(due)
    }
  }
}
