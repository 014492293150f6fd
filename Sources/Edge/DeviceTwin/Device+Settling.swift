// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// Waiting until desired values have met their fate.
extension Device {
  typealias Settled = @Sendable (DeviceSnapshot?) -> Void

  /// Resumes those whose wait is over, with no lock held.
  func finish(_ settled: [Settled]) {
    guard !settled.isEmpty else { return }
    let snapshot = snapshot()
    for resume in settled { resume(snapshot) }
  }

  func settled(version: Int64, timeout: Duration) async -> DeviceSnapshot? {
    let (results, continuation) = AsyncStream.makeStream(
      of: DeviceSnapshot?.self, bufferingPolicy: .bufferingOldest(1))
    enum Start { case waiting(UInt64), over(DeviceSnapshot?) }
    let start = state.withLock { state -> Start in
      if state.isRemoved { return .over(nil) }
      if !state.isPending(upTo: version) { return .over(snapshot(of: state)) }
      state.lastSettling += 1
      state.settling[state.lastSettling] = (version, { @Sendable in _ = continuation.yield($0) })
      return .waiting(state.lastSettling)
    }
    guard case .waiting(let id) = start else {
      if case .over(let snapshot) = start { return snapshot }
      return nil
    }
    let timer = Task {
      try? await Task.sleep(for: timeout)
      // Also when the task that waits was cancelled: the answer is then how it is now.
      continuation.finish()
    }
    var found: DeviceSnapshot??
    for await result in results {
      found = .some(result)
      break
    }
    timer.cancel()
    let isRemoved = state.withLock { state in
      state.settling[id] = nil
      return state.isRemoved
    }
    if let found { return found }
    return isRemoved ? nil : snapshot()
  }
}

extension DeviceState {
  func isPending(upTo version: Int64) -> Bool {
    desired.values.contains { $0.state == .pending && $0.version <= version }
  }

  /// Takes out those whose wait is over.
  mutating func takeSettled() -> [Device.Settled] {
    guard !settling.isEmpty else { return [] }
    var over: [Device.Settled] = []
    for (id, waiter) in settling where !isPending(upTo: waiter.version) {
      over.append(waiter.resume)
      settling[id] = nil
    }
    return over
  }
}
