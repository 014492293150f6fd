// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Whether a file is a whole shared library of this machine, told by its ELF headers alone.
///
/// A copy that is under way is too short for what its header promises: section headers stand at the end
/// of a file, and a stripped library without them still names the end of each segment.
enum ELFImage {
  enum Verdict: Equatable {
    case whole
    /// More bytes must come; `reason` is for the case that they never do.
    case incomplete(reason: String)
    case foreign(reason: String)
  }

  private static let headerSize = 64
  private static let programHeaderSize = 56
  private static let loadableSegment: UInt32 = 1
  private static let sharedObject: UInt16 = 3

  #if arch(x86_64)
    private static let machine: UInt16 = 62
  #elseif arch(arm64)
    private static let machine: UInt16 = 183
  #else
    #error("tell the ELF machine number of this architecture")
  #endif

  static func check(_ file: borrowing OpenFile) throws(FileProblem) -> Verdict {
    let size = UInt64(try file.status().size)
    let header = try file.bytes(at: 0, count: headerSize)
    let magic: [UInt8] = [0x7F, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F")]
    guard header.starts(with: magic.prefix(header.count)) else {
      return .foreign(reason: "not a shared library: it does not begin with an ELF header")
    }
    guard header.count == headerSize else {
      return .incomplete(reason: "the file ends inside its ELF header, after \(header.count) bytes")
    }
    guard header[4] == 2, header[5] == 1 else {
      return .foreign(reason: "not a library for this machine: expected 64 bits, little-endian")
    }
    guard load(UInt16.self, from: header, at: 16) == sharedObject else {
      return .foreign(
        reason:
          "not a shared library: ELF type \(load(UInt16.self, from: header, at: 16)), expected 3 (shared object)"
      )
    }
    guard load(UInt16.self, from: header, at: 18) == machine else {
      return .foreign(
        reason:
          "built for another machine: ELF machine \(load(UInt16.self, from: header, at: 18)), expected \(machine)"
      )
    }

    let segments = (
      offset: load(UInt64.self, from: header, at: 32), size: load(UInt16.self, from: header, at: 54),
      count: load(UInt16.self, from: header, at: 56)
    )
    let sections = (
      offset: load(UInt64.self, from: header, at: 40), size: load(UInt16.self, from: header, at: 58),
      count: load(UInt16.self, from: header, at: 60)
    )
    guard segments.count > 0, Int(segments.size) == programHeaderSize else {
      return .foreign(reason: "not a shared library: it has no segments to load")
    }
    var end = try last(segments.offset, UInt64(segments.size) * UInt64(segments.count))
    if sections.offset > 0 {
      end = max(end, try last(sections.offset, UInt64(sections.size) * UInt64(sections.count)))
    }
    if end <= size {
      let table = try file.bytes(at: segments.offset, count: programHeaderSize * Int(segments.count))
      guard table.count == programHeaderSize * Int(segments.count) else {
        return .incomplete(reason: "the file ends inside its program headers")
      }
      for start in stride(from: 0, to: table.count, by: programHeaderSize)
      where load(UInt32.self, from: table, at: start) == loadableSegment {
        let offset = load(UInt64.self, from: table, at: start + 8)
        end = max(end, try last(offset, load(UInt64.self, from: table, at: start + 32)))
      }
    }
    guard end <= size else {
      return .incomplete(
        reason: "the file is cut off: it has \(size) bytes of \(end) that its ELF headers name")
    }
    return .whole
  }

  private static func load<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, from bytes: [UInt8], at offset: Int
  ) -> T {
    bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
  }

  private static func last(_ offset: UInt64, _ length: UInt64) throws(FileProblem) -> UInt64 {
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard !overflow else { throw FileProblem("its ELF headers make no sense") }
    return end
  }
}
