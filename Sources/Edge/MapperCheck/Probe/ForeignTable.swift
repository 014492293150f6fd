// SPDX-License-Identifier: Apache-2.0

/// A table of the mapper, looked at word by word: nothing of it is believed until it was checked.
struct ForeignTable {
  let address: UnsafeRawPointer
  let name: String

  /// `size`, the first word of every table.
  var size: Int { Int(address.loadUnaligned(as: UInt32.self)) }

  func word(at offset: Int) -> UInt32 { address.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }

  func isNull(at offset: Int) -> Bool { address.loadUnaligned(fromByteOffset: offset, as: UInt.self) == 0 }

  func requireSize(_ minimum: Int) throws(CheckEnd) {
    guard size >= minimum else {
      throw .failed(expected: "\(name).size of at least \(minimum)", seen: "\(size)")
    }
  }

  /// - Parameter slots: name and offset of members that must not be null.
  func require(_ slots: [(name: String, offset: Int)]) throws(CheckEnd) {
    let missing = slots.filter { isNull(at: $0.offset) }.map(\.name)
    guard missing.isEmpty else {
      throw .failed(
        expected: "no null in the required members of \(name)", seen: missing.joined(separator: ", "))
    }
  }

  func requireZero(_ word: String, at offset: Int) throws(CheckEnd) {
    guard self.word(at: offset) == 0 else {
      throw .failed(expected: "\(name).\(word) = 0, it is reserved", seen: "\(self.word(at: offset))")
    }
  }

  /// A zeroed table of our own size with what is there of theirs. Never freed: it lives as long as the library.
  func copy<T>(_: T.Type) -> UnsafePointer<T> {
    let own = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<T>.size, alignment: MemoryLayout<T>.alignment)
    own.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<T>.size)
    own.copyMemory(from: address, byteCount: min(size, MemoryLayout<T>.size))
    return UnsafePointer(own.bindMemory(to: T.self, capacity: 1))
  }
}
