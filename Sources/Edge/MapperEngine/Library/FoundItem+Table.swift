// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

/// Reading what a driver hands to the sink of a scan. Its tables may be of another minor; no text is read beyond its
/// limit.
extension FoundItem {
  static let maximumProperties = 10_000
  /// Of all texts of an item together, so that its event always fits into a frame.
  static let maximumSize = 4 << 20
  static let maximumSettings = 64 << 10
  private static let maximumWords = 1024
  private static let maximumName = 253

  /// - Parameter foreign: a `mapper_found` of the driver.
  init(_ foreign: UnsafeRawPointer) throws(MapperLoadError) {
    let word = MemoryLayout<UInt>.size
    let copy = try Table.load(
      mapper_found.self, from: foreign, named: "mapper_found", minimum: 16 + 4 * word,
      required: [("settings", 8 + 2 * word)])
    defer { UnsafeMutablePointer(mutating: copy).deallocate() }
    let found = copy.pointee
    var room = Self.maximumSize
    self.init(
      confidence: min(found.confidence, 100),
      name: try Self.text(found.name, "the name", limit: Self.maximumName, &room),
      title: try Self.text(found.title, "the title", limit: Self.maximumWords, &room),
      settings: try Self.object(found.settings, "the device", &room))
    let count = Int(found.count), stride = Int(found.stride)
    guard count > 0 else { return }
    guard count <= Self.maximumProperties else {
      throw .badDriver("it has \(count) properties, \(Self.maximumProperties) are allowed")
    }
    guard let first = found.properties else { throw .missing(table: "mapper_found", member: "properties") }
    guard stride >= 8 + 4 * word else {
      throw .tooShort(table: "a property of mapper_found", size: stride, required: 8 + 4 * word)
    }
    properties.reserveCapacity(count)
    for index in 0..<count {
      properties.append(try Self.property(UnsafeRawPointer(first) + index * stride, &room))
    }
  }

  private static func property(
    _ foreign: UnsafeRawPointer, _ room: inout Int
  ) throws(MapperLoadError) -> Property {
    let word = MemoryLayout<UInt>.size
    let copy = try Table.load(
      mapper_found_property.self, from: foreign, named: "mapper_found_property", minimum: 8 + 4 * word,
      required: [("name", 8)])
    defer { UnsafeMutablePointer(mutating: copy).deallocate() }
    let found = copy.pointee
    let name = try text(found.name, "the name of a property", limit: maximumName, &room)
    guard found.type == MAPPER_TYPE_NONE || MapperValue.elementSize(found.type) != nil else {
      throw .badDriver("property '\(name)' has the unknown type \(found.type)")
    }
    return Property(
      name: name, summary: try text(found.summary, "the summary of '\(name)'", limit: maximumWords, &room),
      type: PropertyType(abiType: found.type), isWritable: found.access & MAPPER_ACCESS_WRITE != 0,
      unit: try text(found.unit, "the unit of '\(name)'", limit: maximumWords, &room),
      settings: found.settings == nil ? "" : try object(found.settings, "property '\(name)'", &room))
  }

  private static func text(
    _ foreign: UnsafePointer<CChar>?, _ what: String, limit: Int, _ room: inout Int
  ) throws(MapperLoadError) -> String {
    guard let foreign else { return "" }
    guard let text = ForeignText.checked(foreign, limit: limit) else {
      throw .badDriver("\(what): no UTF-8, or more than \(limit) bytes")
    }
    room -= text.utf8.count
    guard room >= 0 else { throw .badDriver("it has more than \(maximumSize) bytes") }
    return text
  }

  /// Text that begins and ends as a JSON object does. The host, which has a parser, sees to the rest.
  private static func object(
    _ foreign: UnsafePointer<CChar>?, _ what: String, _ room: inout Int
  ) throws(MapperLoadError) -> String {
    let text = try text(foreign, "the settings of \(what)", limit: maximumSettings, &room)
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
    guard text.utf8.first(where: { !isSpace($0) }) == UInt8(ascii: "{"),
      text.utf8.last(where: { !isSpace($0) }) == UInt8(ascii: "}")
    else { throw .badDriver("the settings of \(what) are no JSON object") }
    return text
  }
}

extension PropertyType {
  /// What a device model would declare for a value of the ABI's type; nil: not known. An array is read as its JSON
  /// text.
  init?(abiType: mapper_type) {
    switch abiType {
    case MAPPER_TYPE_BOOL: self = .boolean
    case MAPPER_TYPE_I8...MAPPER_TYPE_U64: self = .int
    case MAPPER_TYPE_F32: self = .float
    case MAPPER_TYPE_F64: self = .double
    case MAPPER_TYPE_TEXT: self = .string
    case MAPPER_TYPE_BYTES: self = .bytes
    case let other where other & MAPPER_TYPE_ARRAY != 0: self = .string
    default: return nil
    }
  }
}
