// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import Glibc

/// The symbols that a shared library shows to others, read from its file.
struct ExportedSymbols {
  /// Sorted. Without the marks that some linkers show.
  let names: [String]

  private static let linkerMarks: Set = ["_edata", "_end", "__bss_start", "_init", "_fini"]
  private static let sectionHeaderSize = 64
  private static let symbolSize = 24
  private static let dynamicSymbols: UInt32 = 11

  init(of file: String) throws(CheckEnd) {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try TextFile.read(file)
    } catch {
      throw .failed(expected: "a library that can be read", seen: error.description)
    }
    #if arch(x86_64)
      let machine: UInt16 = 62
    #else
      let machine: UInt16 = 183
    #endif
    guard bytes.count >= 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
      throw .failed(expected: "an ELF file of 64 bits, little-endian", seen: "another file")
    }
    guard bytes.read(UInt16.self, at: 16) == 3, bytes.read(UInt16.self, at: 18) == machine else {
      throw .failed(
        expected: "a shared object (type 3) for machine \(machine)",
        seen: "type \(bytes.read(UInt16.self, at: 16)), machine \(bytes.read(UInt16.self, at: 18))")
    }
    let start = Int(clamping: bytes.read(UInt64.self, at: 40))
    let count = Int(bytes.read(UInt16.self, at: 60))
    var names: Set<String> = []
    for place in 0..<count {
      let section = start + place * Self.sectionHeaderSize
      guard section <= bytes.count - Self.sectionHeaderSize else { break }
      guard bytes.read(UInt32.self, at: section + 4) == Self.dynamicSymbols else { continue }
      let link = start + Int(bytes.read(UInt32.self, at: section + 40)) * Self.sectionHeaderSize
      names.formUnion(
        Self.defined(
          in: bytes, at: Int(clamping: bytes.read(UInt64.self, at: section + 24)),
          size: Int(clamping: bytes.read(UInt64.self, at: section + 32)),
          strings: Int(clamping: bytes.read(UInt64.self, at: link + 24))))
    }
    // A sanitizer marks each global.
    self.names = names.subtracting(Self.linkerMarks).filter { !$0.hasPrefix("__odr_asan.") }.sorted()
  }

  private static func defined(in bytes: [UInt8], at offset: Int, size: Int, strings: Int) -> Set<String> {
    var names: Set<String> = []
    for place in 0..<(size / symbolSize) {
      let symbol = offset + place * symbolSize
      guard symbol <= bytes.count - symbolSize else { break }
      let info = bytes[symbol + 4]
      let section = bytes.read(UInt16.self, at: symbol + 6)
      // Global or weak, and defined here.
      guard section != 0, info >> 4 == 1 || info >> 4 == 2 else { continue }
      let name = strings + Int(bytes.read(UInt32.self, at: symbol))
      guard name >= 0, name < bytes.count else { continue }
      names.insert(String(decoding: bytes[name...].prefix { $0 != 0 }, as: UTF8.self))
    }
    return names
  }
}

extension [UInt8] {
  /// Zero beyond the end.
  fileprivate func read<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    guard offset >= 0, offset <= count - MemoryLayout<T>.size else { return 0 }
    return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
  }
}
