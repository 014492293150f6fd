// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI
internal import Synchronization

/// A running "mapper.subscribe/1": what a driver's own threads report to.
final class Subscription: Sendable {
  let id: UInt64
  private let session: UInt32
  private let pointCount: UInt32
  private let sink: any EngineSink
  private let counters: EngineCounters
  /// Reports that are under way, and `closedBit`.
  private let state = Atomic<UInt32>(0)
  private static let closedBit: UInt32 = 1 << 31
  /// A report never waits, so that one under way is through long before.
  private static let closeLimit: Int64 = 1_000_000_000

  init(id: UInt64, session: UInt32, pointCount: Int, sink: any EngineSink, counters: EngineCounters) {
    self.id = id
    self.session = session
    self.pointCount = UInt32(pointCount)
    self.sink = sink
    self.counters = counters
  }

  /// After this a report answers CLOSED. A driver waits for its reports in `stop`; for one that does not, those under
  /// way are waited for here, so that nothing comes for a session that has ended.
  func close() {
    state.bitwiseOr(Self.closedBit, ordering: .acquiringAndReleasing)
    let limit = WallClock.monotonic + Self.closeLimit
    while state.load(ordering: .acquiring) != Self.closedBit, WallClock.monotonic < limit { sv_sleep_ms(1) }
  }

  /// Any thread of the driver. `samples` is read before it returns.
  func report(_ samples: UnsafeBufferPointer<mapper_sample>) -> mapper_status {
    let before = state.add(1, ordering: .acquiringAndReleasing).oldValue
    defer { state.subtract(1, ordering: .acquiringAndReleasing) }
    return before & Self.closedBit == 0 ? pass(samples) : MAPPER_CLOSED
  }

  private func pass(_ samples: UnsafeBufferPointer<mapper_sample>) -> mapper_status {
    guard samples.allSatisfy({ $0.point < pointCount }) else { return MAPPER_INVALID }
    guard !samples.isEmpty else { return MAPPER_OK }
    let arrival = WallClock.system.nanoseconds
    let sent: Bool
    if samples.allSatisfy({ $0.status == MAPPER_OK && SampleCheck.valueFault($0.value) == nil }) {
      sent = sink.send(samples, session: session, arrival: arrival, mayWait: false)
    } else {
      sent = Self.checked(samples).withUnsafeBufferPointer {
        sink.send($0, session: session, arrival: arrival, mayWait: false)
      }
    }
    guard sent else {
      counters.droppedSamples.add(UInt64(samples.count), ordering: .relaxed)
      return MAPPER_BUSY
    }
    counters.samples.add(UInt64(samples.count), ordering: .relaxed)
    return MAPPER_OK
  }

  /// A copy in which what cannot be passed on is a failed sample.
  private static func checked(_ samples: UnsafeBufferPointer<mapper_sample>) -> [mapper_sample] {
    samples.map { sample in
      var sample = sample
      if sample.status == MAPPER_OK {
        if SampleCheck.valueFault(sample.value) != nil {
          SampleCheck.fail(&sample, point: sample.point, status: MAPPER_INTERNAL)
        }
      } else if sample.value.type != MAPPER_TYPE_TEXT || SampleCheck.valueFault(sample.value) != nil {
        sample.value = mapper_value()
      }
      return sample
    }
  }
}
