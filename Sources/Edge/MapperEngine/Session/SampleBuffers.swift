// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Synchronization

/// Memory that a driver fills with samples: of as many readings as are under way at once, not of every device.
final class SampleBuffers: Sendable {
  /// Beyond this, a buffer is given back to the system.
  private static let limit = 16

  private let spare = Mutex<[SampleBuffer]>([])

  func take(_ count: Int) -> SampleBuffer {
    let found = spare.withLock { spare -> SampleBuffer? in
      guard let place = spare.lastIndex(where: { $0.capacity >= count }) else { return nil }
      return spare.remove(at: place)
    }
    return found ?? SampleBuffer(capacity: count)
  }

  func giveBack(_ buffer: SampleBuffer) {
    spare.withLock { spare in
      if spare.count == Self.limit {
        // The small ones go: what is there serves all.
        guard let smallest = spare.indices.min(by: { spare[$0].capacity < spare[$1].capacity }) else {
          return
        }
        spare.remove(at: smallest)
      }
      spare.append(buffer)
    }
  }
}

/// Sound as `@unchecked Sendable`: whoever took it is the only one who has it.
final class SampleBuffer: @unchecked Sendable {
  private let memory: UnsafeMutableBufferPointer<mapper_sample>

  var capacity: Int { memory.count }

  init(capacity: Int) {
    memory = .allocate(capacity: max(64, capacity))
    memory.initialize(repeating: mapper_sample())
  }

  deinit { memory.deallocate() }

  /// One sample for each point, as a driver finds them.
  func prepared(for points: [UInt32]) -> UnsafeMutableBufferPointer<mapper_sample> {
    let samples = UnsafeMutableBufferPointer(rebasing: memory[..<points.count])
    for (index, point) in points.enumerated() {
      samples[index].point = point
      samples[index].status = MAPPER_NOT_FILLED
      samples[index].quality = MAPPER_GOOD
      samples[index].reserved = 0
      samples[index].source_ns = 0
      samples[index].value.type = MAPPER_TYPE_NONE
      samples[index].value.flags = 0
      samples[index].value.count = 0
      samples[index].value.u64 = 0
    }
    return samples
  }
}
