// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Cuts what a socket delivers into frames, without copying them. For one thread.
package struct FrameInput: ~Copyable {
  private let descriptor: Int32
  private var buffer: UnsafeMutableRawBufferPointer
  /// The bytes that are there and not used yet.
  private var filled: Range<Int> = 0..<0

  package init(descriptor: Int32, capacity: Int = 64 << 10) {
    self.descriptor = descriptor
    buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Whether more bytes, or the end, come within `milliseconds`.
  func isReadable(within milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) != 0
  }

  /// Waits for more bytes. False at the end of the stream or on an error.
  package mutating func fill() -> Bool {
    if filled.isEmpty { filled = 0..<0 }
    if filled.upperBound == buffer.count { makeRoom() }
    while true {
      guard let base = buffer.baseAddress else { return false }
      let count = recv(descriptor, base + filled.upperBound, buffer.count - filled.upperBound, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      filled = filled.lowerBound..<(filled.upperBound + count)
      return true
    }
  }

  /// Moves the rest to the front, into a larger buffer when one frame needs it.
  private mutating func makeRoom() {
    let rest = UnsafeRawBufferPointer(rebasing: buffer[filled])
    if filled.lowerBound >= buffer.count / 2 {
      buffer.copyMemory(from: rest)
    } else {
      let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
      larger.copyMemory(from: rest)
      buffer.deallocate()
      buffer = larger
    }
    filled = 0..<filled.count
  }

  /// Hands the next whole frame to `body`; nil when more bytes are needed. `frame` is valid inside only.
  ///
  /// Frames are at most `Frame.maximumSize`, so the buffer never grows beyond twice that.
  package mutating func next<T>(
    _ body: (_ frame: UnsafeRawBufferPointer, _ header: Frame.Header) throws(Frame.Malformed) -> T
  ) throws(Frame.Malformed) -> T? {
    let rest = UnsafeRawBufferPointer(rebasing: buffer[filled])
    guard let header = try Frame.header(of: rest), header.size <= rest.count else { return nil }
    let result = try body(UnsafeRawBufferPointer(rebasing: rest[..<header.size]), header)
    filled = (filled.lowerBound + header.size)..<filled.upperBound
    return result
  }
}
