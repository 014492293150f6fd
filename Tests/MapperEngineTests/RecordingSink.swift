// SPDX-License-Identifier: Apache-2.0
import CMapper
import CShims
import DeviceAPI
import Synchronization

@testable import MapperEngine

/// Keeps what an engine says, and waits for it.
final class RecordingSink: EngineSink {
  struct Batch: Sendable {
    var session: UInt32
    var points: [UInt32]
    var statuses: [Int32]
    var values: [Value?]
    var texts: [String]
  }

  private struct State {
    var events: [EngineEvent] = []
    var batches: [Batch] = []
    var accepts = true
    var ended: Set<UInt32> = []
    var lateBatches = 0
  }

  private let state = Mutex(State())

  var events: [EngineEvent] { state.withLock { $0.events } }
  var batches: [Batch] { state.withLock { $0.batches } }

  /// Batches that came for a session after its `unbound`.
  var lateBatches: Int { state.withLock { $0.lateBatches } }

  /// From now on batches are dropped, as by a host that is behind.
  func refuseBatches() { takeBatches(false) }
  func takeBatches(_ accepts: Bool) { state.withLock { $0.accepts = accepts } }
  func forgetBatches() { state.withLock { $0.batches = [] } }

  func send(_ event: EngineEvent) {
    state.withLock { state in
      state.events.append(event)
      if case .unbound(let session) = event { state.ended.insert(session) }
    }
  }

  func send(
    _ samples: UnsafeBufferPointer<mapper_sample>, session: UInt32, arrival: Int64, mayWait: Bool
  ) -> Bool {
    let batch = Batch(
      session: session, points: samples.map(\.point), statuses: samples.map(\.status),
      values: samples.map { $0.status == 0 ? value($0.value) : nil },
      texts: samples.map { $0.status == 0 ? "" : value($0.value)?.text ?? "" })
    return state.withLock { state in
      if state.ended.contains(session) { state.lateBatches += 1 }
      if state.accepts { state.batches.append(batch) }
      return state.accepts
    }
  }

  private func value(_ raw: mapper_value) -> Value? {
    MapperValue.value(raw) { UnsafeRawBufferPointer(start: raw.data, count: Int(raw.count) * $0) }
  }

  /// Waits, thirty seconds at most, until `find` gives something.
  func first<T>(_ find: (RecordingSink) -> T?) -> T? {
    let deadline = WallClock.monotonic + 30_000_000_000
    while WallClock.monotonic < deadline {
      if let found = find(self) { return found }
      sv_sleep_ms(1)
    }
    return nil
  }
}
