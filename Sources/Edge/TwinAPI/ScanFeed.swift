// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import NIOCore
internal import Synchronization

/// What a scan found, on its way from the driver's thread to the one stream that shows it.
///
/// Of progress the latest waits; up to `capacity` finds wait for a slow reader, and those beyond are dropped
/// and counted.
final class ScanFeed: Sendable {
  enum Step: Sendable, Equatable {
    case found(FoundDevice)
    case progress(done: Int, total: Int, text: String)
    /// Nothing happened for a while.
    case beat
    /// The last one, again and again.
    case ended(MapperStatus, text: String, found: Int, dropped: Int)
  }

  private struct State {
    var finds = CircularBuffer<FoundDevice>()
    var progress: Step?
    var isBeating = false
    var end: (status: MapperStatus, text: String)?
    var found = 0
    var dropped = 0
    var waiter: CheckedContinuation<Step, Never>?

    /// What the reader gets now: finds in their order, then how far the scan is.
    mutating func take() -> Step? {
      if let device = finds.popFirst() { return .found(device) }
      if let step = progress {
        progress = nil
        return step
      }
      if let end { return .ended(end.status, text: end.text, found: found, dropped: dropped) }
      guard isBeating else { return nil }
      isBeating = false
      return .beat
    }
  }

  private let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int = Limits.finds) { self.capacity = capacity }

  /// From any thread; does not wait for the reader.
  func take(_ event: ScanEvent) {
    update { state in
      switch event {
      case .found(let device):
        state.found += 1
        if state.finds.count < capacity { state.finds.append(device) } else { state.dropped += 1 }
      case .progress(let done, let total, let text):
        state.progress = .progress(done: done, total: total, text: text)
      case .ended(let status, let text):
        state.end = (status, text)
      }
    }
  }

  func beat() { update { $0.isBeating = true } }

  /// For one reader, which waits at most until the next beat.
  func next() async -> Step {
    await withCheckedContinuation { continuation in
      let step = state.withLock { state in
        let step = state.take()
        if step == nil { state.waiter = continuation }
        return step
      }
      if let step { continuation.resume(returning: step) }
    }
  }

  private func update(_ change: (inout State) -> Void) {
    let resumed = state.withLock { state -> (CheckedContinuation<Step, Never>, Step)? in
      change(&state)
      guard let waiter = state.waiter, let step = state.take() else { return nil }
      state.waiter = nil
      return (waiter, step)
    }
    if let (waiter, step) = resumed { waiter.resume(returning: step) }
  }
}
