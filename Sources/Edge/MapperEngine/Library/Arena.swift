// SPDX-License-Identifier: Apache-2.0

/// Memory for the length of one call, given back all at once.
struct Arena: ~Copyable {
  /// More than this for one call is refused.
  static let limit = 16 << 20
  private static let chunkSize = 16 << 10

  private var chunks: [UnsafeMutableRawBufferPointer] = []
  private var used = 0
  private var total = 0

  init() {}

  deinit { for chunk in chunks { chunk.deallocate() } }

  /// Nil when `align` is no power of two or the limit is reached.
  mutating func allocate(_ size: Int, align: Int) -> UnsafeMutableRawPointer? {
    guard size >= 0, align > 0, align <= 4096, align & (align - 1) == 0, size <= Self.limit else {
      return nil
    }
    if let chunk = chunks.last, let base = chunk.baseAddress {
      let start = (used + align - 1) & ~(align - 1)
      if start + size <= chunk.count {
        used = start + size
        return base + start
      }
    }
    let wanted = max(Self.chunkSize, size)
    guard total + wanted <= Self.limit else { return nil }
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: wanted, alignment: 4096)
    chunks.append(chunk)
    total += wanted
    used = size
    return chunk.baseAddress
  }

  /// Copies text in; nil when there is no room.
  mutating func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer? {
    guard let memory = allocate(bytes.count + 1, align: 8) else { return nil }
    if let base = bytes.baseAddress { memory.copyMemory(from: base, byteCount: bytes.count) }
    memory.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
    return UnsafeRawPointer(memory)
  }

  /// Forgets everything and keeps one chunk of the usual size.
  mutating func reset() {
    while let last = chunks.last, chunks.count > 1 || last.count > Self.chunkSize {
      total -= chunks.removeLast().deallocated()
    }
    used = 0
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Frees the memory and says how much it was.
  fileprivate func deallocated() -> Int {
    deallocate()
    return count
  }
}
