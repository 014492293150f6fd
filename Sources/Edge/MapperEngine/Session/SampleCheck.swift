// SPDX-License-Identifier: Apache-2.0
internal import CMapper

/// Whether a driver's sample may be passed on.
enum SampleCheck {
  /// Text, bytes and arrays beyond this are refused.
  static let maximumData = 1 << 20

  /// Nil when the sample is sound; else why it is not.
  @inline(__always)
  static func fault(_ sample: mapper_sample, point: UInt32) -> StaticString? {
    if sample.point != point { return "the driver answered for another point" }
    if sample.status != MAPPER_OK {
      return sample.status == MAPPER_NOT_FILLED ? "the driver left the point unread" : nil
    }
    return valueFault(sample.value)
  }

  @inline(__always)
  static func valueFault(_ value: mapper_value) -> StaticString? {
    if value.type >= MAPPER_TYPE_BOOL, value.type <= MAPPER_TYPE_F64 { return nil }
    guard MapperValue.hasData(value.type), let size = MapperValue.elementSize(value.type) else {
      return "the driver gave a value of unknown type"
    }
    if Int(value.count) > maximumData / size { return "the driver gave a value of more than 1 MiB" }
    if value.count > 0, value.data == nil { return "the driver gave a length without data" }
    return nil
  }

  /// Turns a sample into a failed one.
  static func fail(_ sample: inout mapper_sample, point: UInt32, status: mapper_status) {
    sample = mapper_sample()
    sample.point = point
    sample.status = status
  }
}
