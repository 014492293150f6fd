// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// One file of the spool. Its number gives the order.
///
/// The name of a file that is complete tells what it holds (`<number>-<messages>-<Unix seconds>.spool`), so that a start
/// need not read it; one that was being written (`<number>.open`) is read through, and cut behind its last whole record.
struct SpoolSegment {
  let number: UInt64
  var isOpen: Bool
  /// What is valid of the file.
  var bytes = 0
  var messages = 0
  /// When the last message was written: Unix seconds, and on the monotonic clock when that was in this run.
  var seconds: Int64
  var monotonic: Int64?
  /// How far it has been read.
  var readBytes = 0
  var readMessages = 0

  var name: String { Self.name(number, isOpen ? nil : (messages, seconds)) }
  var unread: Int { max(messages - readMessages, 0) }

  static func openName(_ number: UInt64) -> String { name(number, nil) }

  private static func name(_ number: UInt64, _ content: (messages: Int, seconds: Int64)?) -> String {
    let hex = String(number, radix: 16)
    let padded = String(repeating: "0", count: max(16 - hex.count, 0)) + hex
    guard let content else { return padded + ".open" }
    return "\(padded)-\(content.messages)-\(content.seconds).spool"
  }

  init(number: UInt64, seconds: Int64) {
    self.number = number
    self.seconds = seconds
    isOpen = true
  }

  /// Nil when the file is none of the spool.
  init?(name: String) {
    if name.hasSuffix(".open"), let number = UInt64(name.dropLast(5), radix: 16) {
      self.init(number: number, seconds: 0)
      return
    }
    guard name.hasSuffix(".spool") else { return nil }
    let parts = name.dropLast(6).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, let number = UInt64(parts[0], radix: 16), let messages = Int(parts[1]),
      let seconds = Int64(parts[2]), messages >= 0
    else { return nil }
    self.init(number: number, seconds: seconds)
    isOpen = false
    self.messages = messages
  }

  /// Reads a file through: how much of it is whole records, and how many those are; nil when it cannot be read.
  static func scan(_ path: String) -> (bytes: Int, messages: Int)? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer: [UInt8] = []
    var valid = 0
    var messages = 0
    var wanted = 256 << 10
    while true {
      let before = buffer.count
      var chunk = [UInt8](repeating: 0, count: wanted)
      let count = pread(file, &chunk, chunk.count, off_t(valid + before))
      if count > 0 { buffer.append(contentsOf: chunk[..<count]) }
      var used = 0
      buffer.withUnsafeBytes { bytes in
        while let size = SpoolRecord.size(UnsafeRawBufferPointer(rebasing: bytes[used...])) {
          used += size
          messages += 1
        }
      }
      valid += used
      buffer.removeFirst(used)
      if count <= 0 { return (valid, messages) }
      // A record longer than what was read wants more; damage ends the file.
      guard used > 0 || buffer.count < wanted else {
        if case .incomplete(let size) = buffer.withUnsafeBytes({ SpoolRecord.read($0) }) {
          wanted = size
          continue
        }
        return (valid, messages)
      }
    }
  }
}
