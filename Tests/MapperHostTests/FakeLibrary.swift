// SPDX-License-Identifier: Apache-2.0

/// Files that pass for a library of this machine.
enum FakeLibrary {
  static let headerSize = 120

  /// An ELF header and one segment that is the whole file, with `script` behind them.
  static func bytes(_ script: String) -> [UInt8] {
    let text = Array(script.utf8)
    return header(fileSize: headerSize + text.count) + text
  }

  /// - Parameter fileSize: how long the segment says that the file is.
  static func header(
    fileSize: Int, type: UInt16 = 3, segments: UInt16 = 1, sections: (offset: Int, count: UInt16) = (0, 0)
  ) -> [UInt8] {
    #if arch(x86_64)
      let machine: UInt16 = 62
    #else
      let machine: UInt16 = 183
    #endif
    var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + Array(repeating: 0, count: 8)
    func add(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    add(type)
    add(machine)
    add(UInt32(1))  // version
    add(UInt64(0))  // entry
    add(UInt64(64))  // program headers
    add(UInt64(sections.offset))
    add(UInt32(0))  // flags
    add(UInt16(64))  // size of this header
    add(UInt16(56))  // of a program header
    add(segments)
    add(UInt16(64))  // of a section header
    add(sections.count)
    add(UInt16(0))
    // A loadable segment: type, flags, offset, addresses, size in the file and in memory, alignment.
    add(UInt32(1))
    add(UInt32(5))
    add(UInt64(0))
    add(UInt64(0))
    add(UInt64(0))
    add(UInt64(fileSize))
    add(UInt64(fileSize))
    add(UInt64(4096))
    return bytes
  }
}
