// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Glibc
internal import MapperEngine

/// A value as a case writes it: the model's word for its type, where it has one, and the value.
enum CaseValue {
  private static let names: [mapper_type: String] = [
    MAPPER_TYPE_BOOL: "BOOLEAN", MAPPER_TYPE_I8: "I8", MAPPER_TYPE_U8: "U8", MAPPER_TYPE_I16: "I16",
    MAPPER_TYPE_U16: "U16", MAPPER_TYPE_I32: "I32", MAPPER_TYPE_U32: "U32", MAPPER_TYPE_I64: "INT",
    MAPPER_TYPE_U64: "U64", MAPPER_TYPE_F32: "FLOAT", MAPPER_TYPE_F64: "DOUBLE", MAPPER_TYPE_TEXT: "STRING",
    MAPPER_TYPE_BYTES: "BYTES",
  ]

  static func text(_ value: mapper_value) -> String {
    guard let name = names[value.type] else {
      let list = MapperValue.value(value) { bytes(value, $0) }
      return "ARRAY " + (list?.text ?? "?")
    }
    return name + " " + payload(value)
  }

  private static func payload(_ value: mapper_value) -> String {
    switch value.type {
    case MAPPER_TYPE_BOOL: value.u64 != 0 ? "true" : "false"
    case MAPPER_TYPE_F32: decimal(value.f64, digits: 7)
    case MAPPER_TYPE_F64: decimal(value.f64, digits: 15)
    case MAPPER_TYPE_TEXT: bytes(value, 1).map { String(decoding: $0, as: UTF8.self) } ?? ""
    case MAPPER_TYPE_BYTES: bytes(value, 1)?.map { pad(String($0, radix: 16)) }.joined() ?? ""
    case MAPPER_TYPE_I8, MAPPER_TYPE_I16, MAPPER_TYPE_I32, MAPPER_TYPE_I64: "\(value.i64)"
    default: "\(value.u64)"
    }
  }

  private static func bytes(_ value: mapper_value, _ size: Int) -> UnsafeRawBufferPointer? {
    UnsafeRawBufferPointer(start: value.data, count: value.data == nil ? 0 : Int(value.count) * size)
  }

  private static func pad(_ digits: String) -> String { digits.count == 1 ? "0" + digits : digits }

  /// As many digits as the type is sure of, so that a case holds on every machine.
  private static func decimal(_ value: Double, digits: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 64)
    let size = withVaList([digits, value]) { vsnprintf(&buffer, buffer.count, "%.*g", $0) }
    return String(decoding: buffer.prefix(max(0, Int(size))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
