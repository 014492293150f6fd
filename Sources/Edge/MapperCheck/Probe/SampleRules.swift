// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import MapperEngine

/// What a sample must be like whatever it says.
enum SampleRules {
  /// Nil when the sample keeps the rules; else what is wrong, for people.
  static func fault(_ sample: mapper_sample) -> String? {
    let status = MapperStatus(rawValue: sample.status)
    if status.class == .notFilled { return "point \(sample.point) was left as the host made it (NOT_FILLED)" }
    if !(0...13).contains(status.class.rawValue) {
      return "point \(sample.point): status class \(status.class.rawValue), expected 0 to 13"
    }
    if sample.reserved != 0 { return "point \(sample.point): reserved is \(sample.reserved), expected 0" }
    if sample.value.flags != 0 {
      return "point \(sample.point): value.flags is \(sample.value.flags), expected 0"
    }
    guard status.isOK else { return failureFault(sample) }
    return valueFault(sample.value).map { "point \(sample.point): " + $0 }
  }

  private static func failureFault(_ sample: mapper_sample) -> String? {
    switch sample.value.type {
    case MAPPER_TYPE_NONE: nil
    case MAPPER_TYPE_TEXT: valueFault(sample.value).map { "point \(sample.point): " + $0 }
    default:
      "point \(sample.point): a value of type \(sample.value.type) beside the status "
        + "\(MapperStatus(rawValue: sample.status)), expected NONE or a TEXT that says why"
    }
  }

  private static let ranges: [mapper_type: ClosedRange<Int64>] = [
    MAPPER_TYPE_I8: -128...127, MAPPER_TYPE_U8: 0...255, MAPPER_TYPE_I16: -32768...32767,
    MAPPER_TYPE_U16: 0...65535, MAPPER_TYPE_I32: -2_147_483_648...2_147_483_647,
    MAPPER_TYPE_U32: 0...4_294_967_295,
  ]

  static func valueFault(_ value: mapper_value) -> String? {
    guard MapperValue.hasData(value.type) else { return scalarFault(value) }
    guard let size = MapperValue.elementSize(value.type) else {
      return "a value of type \(value.type), which is none of the ABI's"
    }
    if value.count > 0, value.data == nil { return "\(value.count) elements without data" }
    let bytes = UnsafeRawBufferPointer(start: value.data, count: Int(value.count) * size)
    // Read to its end: whoever gave a wrong length crashes here, and a sanitizer says where.
    if value.type == MAPPER_TYPE_TEXT {
      return String(validating: bytes, as: UTF8.self) == nil ? "a text that is not UTF-8" : nil
    }
    return bytes.reduce(0) { $0 &+ Int($1) } < 0 ? "no data" : nil
  }

  private static func scalarFault(_ value: mapper_value) -> String? {
    guard value.type >= MAPPER_TYPE_BOOL, value.type <= MAPPER_TYPE_F64 else {
      return value.type == MAPPER_TYPE_NONE
        ? "no value beside the status OK" : "a value of type \(value.type), which is none of the ABI's"
    }
    if value.type == MAPPER_TYPE_BOOL, value.u64 > 1 { return "a BOOL of \(value.u64), expected 0 or 1" }
    if let range = ranges[value.type], !range.contains(value.i64) {
      return
        "\(value.i64) in a value of type \(value.type), expected \(range.lowerBound) to \(range.upperBound)"
    }
    if value.count != 1 { return "count \(value.count) beside a scalar, expected 1" }
    return nil
  }
}
