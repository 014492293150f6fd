// SPDX-License-Identifier: Apache-2.0
package import CMapper
package import DeviceAPI

/// Reading the ABI's values.
package enum MapperValue {
  /// Bytes of one element of `type` (1 for text, bytes and bool); nil for a type that is none.
  package static func elementSize(_ type: mapper_type) -> Int? {
    switch type & ~MAPPER_TYPE_ARRAY {
    case MAPPER_TYPE_BOOL, MAPPER_TYPE_I8, MAPPER_TYPE_U8: 1
    case MAPPER_TYPE_I16, MAPPER_TYPE_U16: 2
    case MAPPER_TYPE_I32, MAPPER_TYPE_U32, MAPPER_TYPE_F32: 4
    case MAPPER_TYPE_I64, MAPPER_TYPE_U64, MAPPER_TYPE_F64: 8
    case MAPPER_TYPE_TEXT, MAPPER_TYPE_BYTES: type & MAPPER_TYPE_ARRAY == 0 ? 1 : nil
    default: nil
    }
  }

  /// Whether the value lives behind `data`.
  package static func hasData(_ type: mapper_type) -> Bool {
    type & MAPPER_TYPE_ARRAY != 0 || type == MAPPER_TYPE_TEXT || type == MAPPER_TYPE_BYTES
  }

  /// The value of the ABI as one of ours, before it becomes the property's type; nil when it makes no
  /// sense (NaN included, which neither JSON nor a twin can hold).
  ///
  /// An array becomes its JSON text. `data` gives the bytes behind the value for an element size.
  package static func value(
    _ raw: mapper_value, data: (_ elementSize: Int) -> UnsafeRawBufferPointer?
  ) -> Value? {
    switch raw.type {
    case MAPPER_TYPE_BOOL: return .bool(raw.u64 != 0)
    case MAPPER_TYPE_I8, MAPPER_TYPE_I16, MAPPER_TYPE_I32, MAPPER_TYPE_I64: return .int(raw.i64)
    case MAPPER_TYPE_U8, MAPPER_TYPE_U16, MAPPER_TYPE_U32, MAPPER_TYPE_U64:
      return Int64(exactly: raw.u64).map { .int($0) } ?? .double(Double(raw.u64))
    case MAPPER_TYPE_F32: return Float(raw.f64).isFinite ? .float(Float(raw.f64)) : nil
    case MAPPER_TYPE_F64: return raw.f64.isFinite ? .double(raw.f64) : nil
    case MAPPER_TYPE_TEXT: return data(1).map { .text(String(decoding: $0, as: UTF8.self)) }
    case MAPPER_TYPE_BYTES: return data(1).map { .bytes(Array($0)) }
    default:
      guard hasData(raw.type), let size = elementSize(raw.type), let bytes = data(size) else { return nil }
      let type = raw.type & ~MAPPER_TYPE_ARRAY
      let elements = (0..<Int(raw.count)).map { element($0, of: bytes, type: type) }
      return .text("[" + elements.joined(separator: ",") + "]")
    }
  }

  private static func element(_ index: Int, of bytes: UnsafeRawBufferPointer, type: mapper_type) -> String {
    func load<T: BitwiseCopyable>(_: T.Type) -> T {
      bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)
    }
    switch type {
    case MAPPER_TYPE_BOOL: return load(UInt8.self) != 0 ? "true" : "false"
    case MAPPER_TYPE_I8: return "\(load(Int8.self))"
    case MAPPER_TYPE_U8: return "\(load(UInt8.self))"
    case MAPPER_TYPE_I16: return "\(load(Int16.self))"
    case MAPPER_TYPE_U16: return "\(load(UInt16.self))"
    case MAPPER_TYPE_I32: return "\(load(Int32.self))"
    case MAPPER_TYPE_U32: return "\(load(UInt32.self))"
    case MAPPER_TYPE_I64: return "\(load(Int64.self))"
    case MAPPER_TYPE_U64: return "\(load(UInt64.self))"
    case MAPPER_TYPE_F32: return number(Double(load(Float.self)), text: Value.float(load(Float.self)).text)
    case MAPPER_TYPE_F64: return number(load(Double.self), text: Value.double(load(Double.self)).text)
    default: return "null"
    }
  }

  /// JSON has no infinity.
  private static func number(_ value: Double, text: String) -> String { value.isFinite ? text : "null" }
}
