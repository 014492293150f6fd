// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Wakes a thread that waits in `poll`: a pipe. Any thread may ring.
final class Bell: Sendable {
  /// Readable while the bell rings.
  let descriptor: Int32
  private let writeEnd: Int32

  /// Nil when the process has no descriptors left.
  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    descriptor = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  /// A full pipe rings already, so a failed write loses nothing.
  func ring() {
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }

  func silence() {
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      while read(descriptor, buffer.baseAddress, buffer.count) == buffer.count {}
    }
  }

  /// Waits until it rings; false after the limit.
  func wait(milliseconds: Int32) -> Bool {
    let end = Deadline.now + Int64(milliseconds) * 1_000_000
    while true {
      let left = (end - Deadline.now + 999_999) / 1_000_000
      var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = poll(&item, 1, Int32(clamping: max(0, left)))
      if count > 0 { return true }
      if count == 0 || errno != EINTR { return false }
    }
  }
}
