// SPDX-License-Identifier: Apache-2.0

/// Bytes one after the other in memory that the caller has: for the many small pieces of a message, which cost more
/// by the append than by the byte.
///
/// Nothing is checked but in debug builds: see that there is `room` before each piece.
package struct ByteCursor {
  private let start: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  package private(set) var count = 0

  /// - Parameter memory: has an address, and lives longer than the cursor.
  package init?(_ memory: UnsafeMutableBufferPointer<UInt8>) {
    guard let start = memory.baseAddress else { return nil }
    self.start = start
    capacity = memory.count
  }

  package var room: Int { capacity - count }

  package mutating func append(_ byte: UInt8) {
    assert(room >= 1)
    start[count] = byte
    count += 1
  }

  package mutating func append(_ text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  package mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    assert(room >= bytes.count)
    guard let from = bytes.baseAddress else { return }
    (start + count).update(from: from, count: bytes.count)
    count += bytes.count
  }

  /// At most `JSONWriter.longestNumber` bytes.
  package mutating func append(_ value: Int64) {
    assert(room >= JSONWriter.longestNumber)
    count += JSONWriter.write(value, to: start + count)
  }

  package mutating func append(_ value: Float) {
    assert(room >= JSONWriter.longestNumber)
    count += JSONWriter.write(value, to: start + count)
  }

  package mutating func append(_ value: Double) {
    assert(room >= JSONWriter.longestNumber)
    count += JSONWriter.write(value, to: start + count)
  }

  /// Moves what is there to the end of an array.
  package mutating func flush(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    count = 0
  }
}
