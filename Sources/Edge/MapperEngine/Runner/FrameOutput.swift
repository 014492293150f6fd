// SPDX-License-Identifier: Apache-2.0
package import CMapper
internal import CShims
internal import DeviceAPI
internal import Glibc
internal import Synchronization

/// Sends an engine's events as frames over a runner's socket.
///
/// There is no queue of its own: what the socket's buffer does not take is waited for, and that slows the lane.
/// A batch whose lane has waited for a second is dropped (the engine counts it); the report of a driver's own
/// thread is dropped at once. Events are never dropped: a host that takes none for ten seconds is gone, and the
/// runner ends. (A frame that is begun must be finished; so that a report does not have to wait for that, it is not
/// begun unless the buffer has room for all of it.)
package final class FrameOutput: EngineSink {
  private static let eventLimit: Int32 = 10_000
  private static let batchLimit: Int32 = 1000

  private let descriptor: Int32
  private let bufferSize: Int
  /// The lock keeps frames whole; it also guards the buffer for tails.
  private let tail = Mutex<[UInt8]>([])

  package init(descriptor: Int32) {
    self.descriptor = descriptor
    bufferSize = sv_socket_send_buffer(descriptor)
  }

  package func send(_ event: EngineEvent) {
    let frame = event.encode()
    let sent = tail.withLock { _ in
      frame.withUnsafeBytes { bytes in
        var parts = [
          iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
        ]
        return write(&parts, patience: Self.eventLimit)
      }
    }
    if !sent { _exit(RunnerExit.hostGone) }
  }

  package func send(
    _ samples: UnsafeBufferPointer<mapper_sample>, session: UInt32, arrival: Int64, mayWait: Bool
  ) -> Bool {
    guard mayWait else {
      // A lane may hold the lock while it waits for the host: a driver's own thread does not wait with it.
      return tail.withLockIfAvailable {
        send(samples, into: &$0, session: session, arrival: arrival, mayWait: false)
      } ?? false
    }
    return tail.withLock { send(samples, into: &$0, session: session, arrival: arrival, mayWait: true) }
  }

  private func send(
    _ samples: UnsafeBufferPointer<mapper_sample>, into tail: inout [UInt8], session: UInt32, arrival: Int64,
    mayWait: Bool
  ) -> Bool {
    tail.removeAll(keepingCapacity: tail.capacity < 1 << 16)
    guard samples.contains(where: { MapperValue.hasData($0.value.type) }) else {
      return send(samples, tail: [], session: session, arrival: arrival, mayWait: mayWait)
    }
    let copies = samples.map { sample in
      var sample = sample
      Self.move(&sample.value, into: &tail)
      return sample
    }
    return copies.withUnsafeBufferPointer {
      send($0, tail: tail, session: session, arrival: arrival, mayWait: mayWait)
    }
  }

  /// Copies what a value points to, and makes the pointer an offset.
  private static func move(_ value: inout mapper_value, into tail: inout [UInt8]) {
    guard MapperValue.hasData(value.type), let size = MapperValue.elementSize(value.type) else { return }
    let offset = UInt64(tail.count)
    tail.append(contentsOf: UnsafeRawBufferPointer(start: value.data, count: Int(value.count) * size))
    tail.append(contentsOf: repeatElement(0, count: (8 - tail.count % 8) % 8))
    value.u64 = offset
  }

  private func send(
    _ samples: UnsafeBufferPointer<mapper_sample>, tail: [UInt8], session: UInt32, arrival: Int64,
    mayWait: Bool
  ) -> Bool {
    let size = SampleFrame.headSize + samples.count * SampleFrame.sampleSize + tail.count
    guard size <= Frame.maximumSize, mayWait || hasRoom(for: size) else { return false }
    return withUnsafeTemporaryAllocation(byteCount: SampleFrame.headSize, alignment: 8) { head in
      SampleFrame.head(session: session, count: samples.count, tail: tail.count, arrival: arrival, into: head)
      return tail.withUnsafeBytes { tail in
        var parts = [
          iovec(iov_base: head.baseAddress, iov_len: head.count),
          iovec(
            iov_base: UnsafeMutableRawPointer(mutating: samples.baseAddress),
            iov_len: samples.count * SampleFrame.sampleSize),
          iovec(iov_base: UnsafeMutableRawPointer(mutating: tail.baseAddress), iov_len: tail.count),
        ]
        return write(&parts, patience: mayWait ? Self.batchLimit : 0)
      }
    }
  }

  /// Whether the socket's buffer takes a frame whole. The kernel counts its own overhead, hence the margin.
  private func hasRoom(for size: Int) -> Bool {
    let used = sv_socket_unsent(descriptor)
    return used == 0 || used + size + size / 4 + 4096 <= bufferSize
  }

  /// Writes all parts, or nothing when the buffer stays full for `patience` milliseconds. A frame that is begun
  /// is finished.
  private func write(_ parts: inout [iovec], patience: Int32) -> Bool {
    var first = 0
    var began = false
    while first < parts.count {
      let count = parts.withUnsafeMutableBufferPointer { parts in
        var message = msghdr()
        message.msg_iov = parts.baseAddress.map { $0 + first }
        message.msg_iovlen = parts.count - first
        return sendmsg(descriptor, &message, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN, ENOBUFS:
          if waitForRoom(began ? Self.eventLimit : patience) { continue }
          if began { _exit(RunnerExit.hostGone) }
          return false
        default: _exit(RunnerExit.hostGone)
        }
      }
      began = true
      var left = count
      while first < parts.count, left >= parts[first].iov_len {
        left -= parts[first].iov_len
        first += 1
      }
      if left > 0 {
        parts[first].iov_base += left
        parts[first].iov_len -= left
      }
    }
    return true
  }

  private func waitForRoom(_ milliseconds: Int32) -> Bool {
    guard milliseconds > 0 else { return false }
    var descriptor = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&descriptor, 1, milliseconds) > 0
  }
}
