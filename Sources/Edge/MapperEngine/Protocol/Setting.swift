// SPDX-License-Identifier: Apache-2.0

/// One checked setting on its way to a driver, which needs no JSON parser for it.
package struct Setting: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    case bool(Bool)
    case int(Int64)
    case number(Double)
    case text(String)
    /// An object or an array, as JSON text.
    case json(String)
  }

  package var key: String
  package var value: Value

  package init(key: String, value: Value) {
    self.key = key
    self.value = value
  }
}

extension FrameWriter {
  mutating func append(_ settings: [Setting]) {
    append(settings) { writer, setting in
      writer.append(setting.key)
      switch setting.value {
      case .bool(let value):
        writer.append(UInt8(0))
        writer.append(value)
      case .int(let value):
        writer.append(UInt8(1))
        writer.append(value)
      case .number(let value):
        writer.append(UInt8(2))
        writer.append(value.bitPattern)
      case .text(let value):
        writer.append(UInt8(3))
        writer.append(value)
      case .json(let value):
        writer.append(UInt8(4))
        writer.append(value)
      }
    }
  }
}

extension FrameReader {
  mutating func settings() throws(Frame.Malformed) -> [Setting] {
    try list(minimum: 6) { (reader) throws(Frame.Malformed) in
      let key = try reader.text()
      let value: Setting.Value
      switch try reader.integer(UInt8.self) {
      case 0: value = .bool(try reader.bool())
      case 1: value = .int(try reader.integer())
      case 2: value = .number(Double(bitPattern: try reader.integer()))
      case 3: value = .text(try reader.text())
      case 4: value = .json(try reader.text())
      case let other: throw Frame.Malformed("setting of kind \(other)")
      }
      return Setting(key: key, value: value)
    }
  }
}
