// SPDX-License-Identifier: Apache-2.0

/// Reads the body of a frame, checking every length.
struct FrameReader {
  private let bytes: UnsafeRawBufferPointer
  private var at: Int

  /// `frame` is a whole frame, header included.
  init(_ frame: UnsafeRawBufferPointer, header: Frame.Header) throws(Frame.Malformed) {
    guard header.size <= frame.count, header.count < 8, Frame.headerSize + Int(header.count) <= header.size
    else {
      throw Frame.Malformed("header")
    }
    bytes = UnsafeRawBufferPointer(rebasing: frame[..<(header.size - Int(header.count))])
    at = Frame.headerSize
  }

  var isAtEnd: Bool { at == bytes.count }

  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) throws(Frame
    .Malformed) -> T
  {
    guard bytes.count - at >= MemoryLayout<T>.size else { throw Frame.Malformed("too short") }
    defer { at += MemoryLayout<T>.size }
    return bytes.loadUnaligned(fromByteOffset: at, as: T.self)
  }

  mutating func bool() throws(Frame.Malformed) -> Bool { try integer(UInt8.self) != 0 }

  private mutating func slice() throws(Frame.Malformed) -> UnsafeRawBufferPointer {
    let count = Int(try integer(UInt32.self))
    guard bytes.count - at >= count else { throw Frame.Malformed("too short") }
    defer { at += count }
    return UnsafeRawBufferPointer(rebasing: bytes[at..<(at + count)])
  }

  /// Text from a driver need not be UTF-8: what is not is replaced.
  mutating func text() throws(Frame.Malformed) -> String { String(decoding: try slice(), as: UTF8.self) }

  mutating func optionalText() throws(Frame.Malformed) -> String? { try bool() ? try text() : nil }

  mutating func data() throws(Frame.Malformed) -> [UInt8] { Array(try slice()) }

  /// A list whose elements take at least `minimum` bytes each, so that a wrong count cannot reserve memory.
  mutating func list<T>(
    minimum: Int, maximum: Int = .max, _ each: (inout FrameReader) throws(Frame.Malformed) -> T
  ) throws(Frame.Malformed) -> [T] {
    let count = Int(try integer(UInt32.self))
    guard count <= maximum, count <= (bytes.count - at) / Swift.max(1, minimum) else {
      throw Frame.Malformed("list of \(count)")
    }
    var result: [T] = []
    result.reserveCapacity(count)
    for _ in 0..<count { result.append(try each(&self)) }
    return result
  }
}
