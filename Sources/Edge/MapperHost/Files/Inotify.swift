// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// An inotify descriptor.
final class Inotify: Sendable {
  struct Event {
    /// -1: of no watch (overflow).
    var watch: Int32
    var mask: UInt32
    /// Of the file in the watched folder; empty: the folder itself.
    var name: String

    func has(_ flags: Int32...) -> Bool { flags.contains { mask & UInt32(bitPattern: $0) != 0 } }
  }

  let descriptor: Int32

  init() throws(FileProblem) {
    descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard descriptor >= 0 else { throw FileProblem("cannot watch files", code: errno) }
  }

  deinit { close(descriptor) }

  /// Watches a folder for `flags` too; the same folder gives the same number again.
  /// - Returns: nil with `errno` when it cannot be watched.
  func watch(_ folder: String, for flags: Int32) -> Int32? {
    let all = UInt32(bitPattern: flags | Int32(IN_ONLYDIR) | Int32(IN_MASK_ADD))
    let watch = inotify_add_watch(descriptor, folder, all)
    return watch >= 0 ? watch : nil
  }

  func forget(_ watch: Int32) { inotify_rm_watch(descriptor, watch) }

  /// All that is there now.
  func events() -> [Event] {
    var events: [Event] = []
    withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) { buffer in
      while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]), into: &events)
      }
    }
    return events
  }

  /// `struct inotify_event`: watch, mask, cookie, length of the name, name with NULs at its end.
  private func parse(_ bytes: UnsafeRawBufferPointer, into events: inout [Event]) {
    var at = 0
    while bytes.count - at >= 16 {
      let length = Int(bytes.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self))
      let end = at + 16 + length
      guard end <= bytes.count else { return }
      let name = bytes[(at + 16)..<end].prefix { $0 != 0 }
      events.append(
        Event(
          watch: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self),
          mask: bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self),
          name: String(decoding: name, as: UTF8.self)))
      at = end
    }
  }
}
