// SPDX-License-Identifier: Apache-2.0

/// Taking over a table of a library, which may be shorter or longer than the one we know.
enum Table {
  /// Copies what is there into a zeroed table of our own size and checks the required slots as raw words,
  /// since a null in a non-optional slot is undefined once Swift has loaded it.
  ///
  /// `T` must be a C struct that begins with its size as a 32-bit word.
  static func load<T>(
    _: T.Type, from foreign: UnsafeRawPointer, named name: String, minimum: Int,
    required: [(name: String, offset: Int)]
  ) throws(MapperLoadError) -> UnsafePointer<T> {
    let size = Int(foreign.loadUnaligned(as: UInt32.self))
    guard size >= minimum else { throw .tooShort(table: name, size: size, required: minimum) }
    let own = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<T>.size, alignment: MemoryLayout<T>.alignment)
    own.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<T>.size)
    own.copyMemory(from: foreign, byteCount: Swift.min(size, MemoryLayout<T>.size))
    for member in required where own.load(fromByteOffset: member.offset, as: UInt.self) == 0 {
      own.deallocate()
      throw .missing(table: name, member: member.name)
    }
    // Never freed: a table lives as long as its library, which is never closed.
    return UnsafePointer(own.bindMemory(to: T.self, capacity: 1))
  }
}
