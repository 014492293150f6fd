// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Glibc

/// Settings as a driver sees them, for the length of a call.
struct NativeSettings: ~Copyable {
  private let items: UnsafeMutableBufferPointer<mapper_setting>
  private var strings: [UnsafeMutablePointer<CChar>] = []

  /// `settings` are sorted by key already.
  init(_ settings: [Setting]) {
    items = .allocate(capacity: settings.count)
    for (index, setting) in settings.enumerated() {
      let key = Self.copy(setting.key, into: &strings)
      var value = mapper_value()
      value.count = 1
      switch setting.value {
      case .bool(let bool):
        value.type = MAPPER_TYPE_BOOL
        value.u64 = bool ? 1 : 0
      case .int(let int):
        value.type = MAPPER_TYPE_I64
        value.i64 = int
      case .number(let number):
        value.type = MAPPER_TYPE_F64
        value.f64 = number
      case .text(let text), .json(let text):
        if case .text = setting.value {
          value.type = MAPPER_TYPE_TEXT
        } else {
          value.type = MAPPER_TYPE_BYTES
        }
        value.count = UInt32(text.utf8.count)
        value.data = UnsafeRawPointer(Self.copy(text, into: &strings))
      }
      items.initializeElement(at: index, to: mapper_setting(key: key, value: value))
    }
  }

  deinit {
    for string in strings { string.deallocate() }
    items.deallocate()
  }

  var settings: mapper_settings {
    mapper_settings(items: UnsafePointer(items.baseAddress), count: UInt64(items.count))
  }

  private static func copy(_ text: String, into strings: inout [UnsafeMutablePointer<CChar>])
    -> UnsafePointer<CChar>
  {
    let size = text.utf8.count
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: size + 1)
    for (offset, byte) in text.utf8.enumerated() { memory[offset] = CChar(bitPattern: byte) }
    memory[size] = 0
    strings.append(memory)
    return UnsafePointer(memory)
  }
}
