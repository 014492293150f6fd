// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Events of one folder, from inotify. Belongs to one thread.
final class FolderWatch {
  enum Event {
    /// Somebody writes to the file and has not closed it.
    case writing(String)
    case changed(String)
    /// Events were lost, or are about no file: look at everything.
    case unknown
    /// The folder is gone; no event will follow.
    case lost
  }

  /// Readable when there are events.
  let descriptor: Int32

  /// Nil when the folder cannot be watched; `errno` says why.
  init?(_ path: String) {
    descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard descriptor >= 0 else { return nil }
    let mask =
      IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE
      | IN_DELETE_SELF | IN_MOVE_SELF
    guard inotify_add_watch(descriptor, path, UInt32(mask)) >= 0 else {
      let code = errno
      close(descriptor)
      errno = code
      return nil
    }
  }

  deinit { close(descriptor) }

  /// All events that wait now.
  func take() -> [Event] {
    var events: [Event] = []
    let header = MemoryLayout<inotify_event>.size
    withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 8) { buffer in
      while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= header else { return }
        var at = 0
        while at + header <= count {
          let event = buffer.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
          let name = buffer[(at + header)..<min(count, at + header + Int(event.len))].prefix { $0 != 0 }
          events.append(Self.event(event.mask, String(decoding: name, as: UTF8.self)))
          at += header + Int(event.len)
        }
      }
    }
    return events
  }

  private static func event(_ mask: UInt32, _ name: String) -> Event {
    func has(_ bit: Int) -> Bool { mask & UInt32(bit) != 0 }
    if has(Int(IN_IGNORED)) || has(Int(IN_DELETE_SELF)) || has(Int(IN_MOVE_SELF)) { return .lost }
    if has(Int(IN_Q_OVERFLOW)) || name.isEmpty { return .unknown }
    return has(Int(IN_MODIFY)) ? .writing(name) : .changed(name)
  }
}
