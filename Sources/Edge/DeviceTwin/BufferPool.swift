// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Memory for messages that is used again: as many buffers as are in use at once, not one a device.
final class BufferPool: Sendable {
  /// Beyond this, and above this size, a buffer is given back to the system.
  private static let limit = 8
  private static let largest = 4 << 20

  private let buffers = Mutex<[[UInt8]]>([])

  /// An empty buffer, mostly with capacity.
  func take() -> [UInt8] { buffers.withLock { $0.popLast() } ?? [] }

  func giveBack(_ buffer: consuming [UInt8]) {
    var buffer = buffer
    buffer.removeAll(keepingCapacity: true)
    guard buffer.capacity <= Self.largest else { return }
    buffers.withLock { buffers in
      if buffers.count < Self.limit { buffers.append(buffer) }
    }
  }
}
