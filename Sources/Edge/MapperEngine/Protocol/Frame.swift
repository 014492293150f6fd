// SPDX-License-Identifier: Apache-2.0

/// What travels between a host and a runner over their socket pair.
///
/// A frame is a header of 16 bytes and a body, both in the machine's own byte order, since both ends are
/// one build on one machine:
/// ```
/// 0  u32  size of the whole frame, a multiple of 8
/// 4  u16  kind
/// 6  u16  zero
/// 8  u32  session (0: the runner itself)
/// 12 u32  count (samples) or bytes of padding at the end (all other kinds)
/// ```
/// Every field that comes from a runner is checked: a driver may have overwritten the runner's memory.
package enum Frame {
  package static let headerSize = 16
  /// A larger frame is a fault of the sender.
  package static let maximumSize = 16 << 20

  package enum Kind: UInt16, Sendable {
    // Host to runner.
    case bind = 1
    case unbind
    case write
    case counters
    case stop
    case call
    case scan
    case describe
    case cancel

    // Runner to host.
    case loaded = 64
    case refused
    case samples
    case link
    case bound
    case unbound
    case written
    case countersReply
    case log
    case called
    case found
    case progress
    case scanned
  }

  package struct Header: Sendable, Equatable {
    package var size: Int
    package var kind: UInt16
    package var session: UInt32
    package var count: UInt32
  }

  package struct Malformed: Error, CustomStringConvertible {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
    package var description: String { "malformed frame: \(reason)" }
  }

  /// Reads the header at the start of `bytes`; nil when fewer than 16 bytes are there.
  package static func header(of bytes: UnsafeRawBufferPointer) throws(Malformed) -> Header? {
    guard bytes.count >= headerSize else { return nil }
    let size = Int(bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
    guard size >= headerSize, size <= maximumSize, size % 8 == 0 else { throw Malformed("size \(size)") }
    return Header(
      size: size, kind: bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self),
      session: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self),
      count: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
  }
}
