// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import MapperEngine
internal import Threads

/// What an engine told its host, to be waited for.
///
/// Bounded: samples are counted, not kept, and events beyond 10,000 are dropped (a check looks at the first few).
final class EngineRecord: EngineSink {
  struct State {
    var events: [EngineEvent] = []
    var samples = 0
    var ended = false
  }

  private static let maximumEvents = 10_000
  /// Seconds that a check waits for what an engine does at once, on a machine that is busy with other things.
  static let patience: Int64 = 30
  let state = Monitor(State())

  func send(_ event: EngineEvent) {
    state.withLock {
      if case .log = event { return }
      if $0.events.count < Self.maximumEvents { $0.events.append(event) }
    }
    state.signal()
  }

  func send(
    _ samples: UnsafeBufferPointer<mapper_sample>, session: UInt32, arrival: Int64, mayWait: Bool
  ) -> Bool {
    count(samples.count)
    return true
  }

  func count(_ samples: Int) {
    state.withLock { $0.samples += samples }
    state.signal()
  }

  func end() {
    state.withLock { $0.ended = true }
    state.signal()
  }

  /// Nil at the deadline, or once nothing more can come.
  func wait<T>(seconds: Int64 = patience, for find: (State) -> T?) -> T? {
    let deadline = WallClock.monotonic + seconds * 1_000_000_000
    return state.wait(until: { _ in deadline }) { state -> T?? in
      if let found = find(state) { return .some(found) }
      return state.ended || WallClock.monotonic >= deadline ? .some(nil) : nil
    }
  }

  /// The first event that `find` takes.
  func event<T>(seconds: Int64 = patience, _ find: (EngineEvent) -> T?) -> T? {
    wait(seconds: seconds) { state in
      for event in state.events {
        if let found = find(event) { return found }
      }
      return nil
    }
  }
}
