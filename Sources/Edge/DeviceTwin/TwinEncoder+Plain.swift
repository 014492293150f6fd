// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The rows of a report as almost all of them are: good numbers without a desired value. A device of a thousand points
/// has as many of them every second, so they are written with a check for room a row, not one a piece.
extension TwinEncoder {
  static let chunkSize = 4096
  /// What a row needs beside its property's name, at most: its words take 260 bytes, its four numbers 32 each.
  private static let plainSize = 512
  private static let longestPlainName = 512

  /// Writes `"name":{"last":…,"current":…},` into the chunk, making room by a flush. False: the row is not plain.
  mutating func plain(
    _ row: Report.Row, name: consuming String, type: consuming String, in chunk: inout ByteCursor
  ) -> Bool {
    guard !row.hasDesired, row.last.isPlain, row.current.isPlain, let current = row.current.value,
      Self.isNumber(current), row.current.quality.class == .good, row.last.quality.class == .good,
      row.last.value.map(Self.isNumber) ?? row.last.isEmpty
    else { return false }
    let isOptional = row.isOptional
    return name.withUTF8 { name in
      type.withUTF8 { type in
        guard name.count + type.count <= Self.longestPlainName, JSONWriter.isPlain(name),
          JSONWriter.isPlain(type)
        else { return false }
        if chunk.room < Self.plainSize + name.count + 2 * type.count { chunk.flush(to: &bytes) }
        chunk.append(UInt8(ascii: "\""))
        chunk.append(name)
        chunk.append("\":{\"last\":")
        if let last = row.last.value, !row.last.isEmpty {
          Self.side(last, row.last.milliseconds, isOptional, type, in: &chunk)
        } else {
          chunk.append("null")
        }
        chunk.append(",\"current\":")
        Self.side(current, row.current.milliseconds, isOptional, type, in: &chunk)
        chunk.append("},")
        return true
      }
    }
  }

  private static func isNumber(_ value: Value) -> Bool {
    switch value {
    case .float(let number): number.isFinite
    case .double(let number): number.isFinite
    case .int: true
    case .bool, .text, .bytes: false
    }
  }

  /// A property with its actual side, as `twin` writes it.
  private static func side(
    _ value: Value, _ milliseconds: Int64, _ isOptional: Bool, _ type: UnsafeBufferPointer<UInt8>,
    in chunk: inout ByteCursor
  ) {
    chunk.append("{\"actual\":{\"value\":\"")
    switch value {
    case .float(let number): chunk.append(number)
    case .double(let number): chunk.append(number)
    case .int(let number): chunk.append(number)
    case .bool, .text, .bytes: break
    }
    chunk.append("\",\"metadata\":{\"timestamp\":")
    chunk.append(milliseconds)
    chunk.append(
      isOptional
        ? "}},\"optional\":true,\"metadata\":{\"type\":\"" : "}},\"optional\":false,\"metadata\":{\"type\":\""
    )
    chunk.append(type)
    chunk.append("\"}}")
  }
}
