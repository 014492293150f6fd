// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Glibc
internal import MapperEngine

/// Settings as a mapper sees them. All memory comes from malloc and is overwritten before it is freed, so that a
/// mapper that keeps what it only borrowed does not get away with it.
final class NativeSettings {
  let settings: mapper_settings
  private var blocks: [(address: UnsafeMutableRawPointer, size: Int)] = []

  /// - Parameter list: sorted by key.
  init(_ list: [Setting]) {
    var blocks: [(address: UnsafeMutableRawPointer, size: Int)] = []
    let items = list.map {
      mapper_setting(key: Self.copy($0.key, &blocks), value: Self.value($0.value, &blocks))
    }
    let memory = Self.allocate(items.count * MemoryLayout<mapper_setting>.stride, &blocks)
    let array = memory.bindMemory(to: mapper_setting.self, capacity: items.count)
    for (place, item) in items.enumerated() { (array + place).initialize(to: item) }
    settings = mapper_settings(items: items.isEmpty ? nil : UnsafePointer(array), count: UInt64(items.count))
    self.blocks = blocks
  }

  deinit {
    for block in blocks {
      memset(block.address, 0xDB, block.size)
      free(block.address)
    }
  }

  private static func value(
    _ value: Setting.Value, _ blocks: inout [(address: UnsafeMutableRawPointer, size: Int)]
  ) -> mapper_value {
    var native = mapper_value()
    native.count = 1
    switch value {
    case .bool(let bool):
      native.type = MAPPER_TYPE_BOOL
      native.u64 = bool ? 1 : 0
    case .int(let int):
      native.type = MAPPER_TYPE_I64
      native.i64 = int
    case .number(let number):
      native.type = MAPPER_TYPE_F64
      native.f64 = number
    case .text(let text), .json(let text):
      if case .text = value { native.type = MAPPER_TYPE_TEXT } else { native.type = MAPPER_TYPE_BYTES }
      native.count = UInt32(text.utf8.count)
      native.data = UnsafeRawPointer(copy(text, &blocks))
    }
    return native
  }

  static func copy(_ text: String, _ blocks: inout [(address: UnsafeMutableRawPointer, size: Int)])
    -> UnsafePointer<CChar>
  {
    let memory = allocate(text.utf8.count + 1, &blocks)
    memory.copyMemory(from: Array(text.utf8) + [0], byteCount: text.utf8.count + 1)
    return UnsafePointer(memory.bindMemory(to: CChar.self, capacity: text.utf8.count + 1))
  }

  private static func allocate(
    _ size: Int, _ blocks: inout [(address: UnsafeMutableRawPointer, size: Int)]
  ) -> UnsafeMutableRawPointer {
    guard let memory = malloc(max(size, 1)) else { exit(70) }
    blocks.append((memory, size))
    return memory
  }
}
