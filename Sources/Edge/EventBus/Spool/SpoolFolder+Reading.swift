// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What goes out of the files again.
extension SpoolFolder {
  // MARK: - Reading

  /// The next messages, with the position behind each: as many as fit, at least one if there is any.
  ///
  /// - Parameter limit: segments from this number on are not read yet.
  mutating func read(
    messages limit: Int, bytes size: Int, below: UInt64?
  ) -> [(message: SpooledMessage, end: Position)] {
    var found: [(message: SpooledMessage, end: Position)] = []
    var total = 0
    var index = 0
    while index < segments.count, found.count < limit, total < size {
      if let below, segments[index].number >= below { break }
      guard segments[index].readBytes < segments[index].bytes else {
        index += 1
        continue
      }
      let chunk = readChunk(index, limit: limit - found.count, size: size - total)
      total += chunk.reduce(0) { $0 + $1.message.size }
      found += chunk
    }
    return found
  }

  private mutating func readChunk(
    _ index: Int, limit: Int, size: Int
  ) -> [(message: SpooledMessage, end: Position)] {
    var segment = segments[index]
    defer { segments[index] = segment }
    var found: [(message: SpooledMessage, end: Position)] = []
    let descriptor = open(file(segment), O_RDONLY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    var wanted = min(max(size, 4_096), segment.bytes - segment.readBytes)
    while descriptor >= 0 {
      var buffer = [UInt8](repeating: 0, count: wanted)
      let count = pread(descriptor, &buffer, wanted, off_t(segment.readBytes))
      guard count > 0 else { break }
      var used = 0
      var end: SpoolRecord.Found?
      buffer.withUnsafeBytes { bytes in
        while found.count < limit, used < count {
          let rest = UnsafeRawBufferPointer(rebasing: bytes[used..<count])
          guard case .message(let message, let length) = SpoolRecord.read(rest) else {
            end = SpoolRecord.read(rest)
            return
          }
          used += length
          segment.readBytes += length
          segment.readMessages += 1
          let position = Position(
            segment: segment.number, bytes: segment.readBytes, messages: segment.readMessages)
          found.append((message, position))
        }
      }
      guard found.isEmpty else { return found }
      // A single record that is longer than the room: it is read all the same.
      guard case .incomplete(let length)? = end, length > wanted,
        segment.readBytes + length <= segment.bytes
      else { break }
      wanted = length
    }
    // Damaged, or not to be read at all: what is left of this file is lost.
    losses.damaged += max(segment.unread, 1)
    segment.readBytes = segment.bytes
    segment.readMessages = segment.messages
    return []
  }

  // MARK: - What is through

  /// Nothing is left to read and `position` is the end of everything: then no file stays either.
  mutating func tidy(_ position: Position) {
    guard let last = segments.last, last.number == position.segment, position.bytes >= last.bytes else {
      return
    }
    if last.isOpen { closeWriting() }
    removeRead(before: position)
  }

  /// The broker has everything up to `position`: files that are through go, and a restart goes on there.
  mutating func finish(_ position: Position) {
    removeRead(before: position)
    writePosition(position)
  }

  mutating func removeRead(before position: Position) {
    while let first = segments.first, !first.isOpen,
      first.number < position.segment
        || (first.number == position.segment && position.bytes >= first.bytes)
    {
      remove(at: 0)
    }
  }

  private var positionPath: String { path + "/position" }

  func readPosition() -> Position? {
    let file = open(positionPath, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var numbers = [UInt64](repeating: 0, count: 4)
    guard pread(file, &numbers, 32, 0) == 32, Self.sum(numbers) == numbers[3] else { return nil }
    return Position(
      segment: numbers[0], bytes: Int(clamping: numbers[1]), messages: Int(clamping: numbers[2]))
  }

  /// In place and in one call: what a kill leaves is the old or the new one.
  private mutating func writePosition(_ position: Position) {
    guard written != position else { return }
    let file = open(positionPath, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    defer { close(file) }
    var numbers = [position.segment, UInt64(position.bytes), UInt64(position.messages), 0]
    numbers[3] = Self.sum(numbers)
    if pwrite(file, numbers, 32, 0) == 32 { written = position }
  }

  private static func sum(_ numbers: [UInt64]) -> UInt64 {
    UInt64(numbers.withUnsafeBytes { CRC32.of(UnsafeRawBufferPointer(rebasing: $0[..<24])) })
  }
}
