// SPDX-License-Identifier: Apache-2.0

/// Builds one frame at the end of a buffer.
struct FrameWriter {
  private(set) var bytes: [UInt8]

  init(_ kind: Frame.Kind, session: UInt32 = 0) {
    bytes = []
    bytes.reserveCapacity(256)
    append(UInt32(0))
    append(kind.rawValue)
    append(UInt16(0))
    append(session)
    append(UInt32(0))
  }

  mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ value: Bool) { append(UInt8(value ? 1 : 0)) }

  mutating func append(_ text: String) {
    append(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func append(_ text: String?) {
    append(text != nil)
    if let text { append(text) }
  }

  mutating func append(_ data: [UInt8]) {
    append(UInt32(data.count))
    bytes.append(contentsOf: data)
  }

  mutating func append<T>(_ list: [T], _ each: (inout FrameWriter, T) -> Void) {
    append(UInt32(list.count))
    for element in list { each(&self, element) }
  }

  /// The whole frame, padded to a multiple of 8 and with its header filled in.
  consuming func finish() -> [UInt8] {
    let padding = (8 - bytes.count % 8) % 8
    bytes.append(contentsOf: repeatElement(0, count: padding))
    let size = UInt32(bytes.count)
    bytes.withUnsafeMutableBytes {
      $0.storeBytes(of: size, toByteOffset: 0, as: UInt32.self)
      $0.storeBytes(of: UInt32(padding), toByteOffset: 12, as: UInt32.self)
    }
    return bytes
  }
}
