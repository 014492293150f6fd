// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import MapperEngine

/// A point to bind.
struct PointPlan {
  var name: String
  var type: mapper_type
  var isReadable = true
  var isWritable: Bool
  var cycleMilliseconds: UInt32 = 1000
  var settings: [Setting]
  /// What the model calls the type.
  var property: PropertyType

  init(name: String, property: PropertyType, isWritable: Bool, settings: [Setting]) {
    self.name = name
    self.property = property
    self.isWritable = isWritable
    self.settings = settings
    type =
      switch property {
      case .int: MAPPER_TYPE_I64
      case .float: MAPPER_TYPE_F32
      case .double: MAPPER_TYPE_F64
      case .string: MAPPER_TYPE_TEXT
      case .boolean: MAPPER_TYPE_BOOL
      case .bytes, .stream: MAPPER_TYPE_BYTES
      }
  }

  /// A value of the point's own type.
  var fittingValue: WriteValue {
    switch property {
    case .int: .int(1)
    case .float: .float(1.5)
    case .double: .double(1.5)
    case .string: .text("a")
    case .boolean: .bool(true)
    case .bytes, .stream: .bytes([1, 2, 3])
    }
  }

  /// Values that no point of this type can hold.
  var wrongValues: [WriteValue] {
    switch property {
    case .int, .float, .double, .boolean: [.text("wörds"), .bytes([0xFF, 0x00])]
    case .string: [.bytes([0xFF, 0xFE]), .double(1.5)]
    case .bytes, .stream: [.double(1.5), .bool(true)]
    }
  }
}
