// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Glibc

/// A value that a check writes.
enum WriteValue {
  case bool(Bool)
  case int(Int64)
  case float(Double)
  case double(Double)
  case text(String)
  case bytes([UInt8])
}

/// The value as a mapper sees it, in memory that is overwritten before it is freed.
final class NativeValue {
  private(set) var value = mapper_value()
  private var memory: (address: UnsafeMutableRawPointer, size: Int)?

  init(_ value: WriteValue) {
    self.value.count = 1
    switch value {
    case .bool(let bool):
      self.value.type = MAPPER_TYPE_BOOL
      self.value.u64 = bool ? 1 : 0
    case .int(let int):
      self.value.type = MAPPER_TYPE_I64
      self.value.i64 = int
    case .float(let number):
      self.value.type = MAPPER_TYPE_F32
      self.value.f64 = number
    case .double(let number):
      self.value.type = MAPPER_TYPE_F64
      self.value.f64 = number
    case .text(let text): set(MAPPER_TYPE_TEXT, Array(text.utf8))
    case .bytes(let bytes): set(MAPPER_TYPE_BYTES, bytes)
    }
  }

  deinit {
    guard let memory else { return }
    memset(memory.address, 0xDB, memory.size)
    free(memory.address)
  }

  /// Exactly as long as it says, without a NUL behind it.
  private func set(_ type: mapper_type, _ bytes: [UInt8]) {
    guard let address = malloc(max(1, bytes.count)) else { exit(70) }
    address.copyMemory(from: bytes, byteCount: bytes.count)
    memory = (address, bytes.count)
    value.type = type
    value.count = UInt32(bytes.count)
    value.data = UnsafeRawPointer(address)
  }
}
