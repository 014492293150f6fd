// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Glibc

/// The points of a device as its driver sees them, for the length of a call.
final class NativePoints {
  private let points: UnsafeMutableBufferPointer<mapper_point>
  private let settings: [NativeSettingsBox]
  private let names: [UnsafeMutablePointer<CChar>]

  init(_ list: [SessionBinding.Point]) {
    settings = list.map { NativeSettingsBox($0.settings) }
    names = list.compactMap { strdup($0.name) }
    points = .allocate(capacity: max(1, list.count))
    for (index, point) in list.enumerated() {
      points.initializeElement(
        at: index,
        to: mapper_point(
          id: UInt32(index), type: point.type.abiType,
          access: MAPPER_ACCESS_READ | (point.isWritable ? MAPPER_ACCESS_WRITE : 0),
          name: UnsafePointer(names[index]), settings: settings[index].value.settings,
          cycle_ms: point.cycleMilliseconds, reserved: 0))
    }
  }

  deinit {
    points.deallocate()
    for name in names { free(name) }
  }

  /// An address even when there is no point.
  var first: UnsafePointer<mapper_point>? { UnsafePointer(points.baseAddress) }
}

/// Keeps settings in an array, which a non-copyable value cannot be in.
final class NativeSettingsBox {
  let value: NativeSettings
  init(_ settings: [Setting]) { value = NativeSettings(settings) }
}

extension PropertyType {
  /// The ABI's type for what the device model declares.
  var abiType: mapper_type {
    switch self {
    case .int: MAPPER_TYPE_I64
    case .float: MAPPER_TYPE_F32
    case .double: MAPPER_TYPE_F64
    case .string: MAPPER_TYPE_TEXT
    case .boolean: MAPPER_TYPE_BOOL
    case .bytes, .stream: MAPPER_TYPE_BYTES
    }
  }
}
