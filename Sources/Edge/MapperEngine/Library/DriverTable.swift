// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

/// One driver of a loaded library.
///
/// Sound as `@unchecked Sendable`: the tables are constant from load to the end of the process.
final class DriverTable: @unchecked Sendable {
  let id: String
  let title: String
  let deviceSchema: String?
  let pointSchema: String?
  let table: UnsafePointer<mapper_driver>
  let subscribe: UnsafePointer<mapper_subscribe>?
  let methods: [DriverMethod]
  let discovery: UnsafePointer<mapper_discovery>?
  private let scanSchema: String?
  private let extensions: [String]

  init(_ foreign: UnsafePointer<mapper_driver>) throws(MapperLoadError) {
    let word = MemoryLayout<UInt>.size
    let members = [
      "id", "title", "device_schema", "point_schema", "lane", "create", "bind", "open", "read", "write",
      "close",
      "destroy", "query",
    ]
    let optional: Set = ["device_schema", "point_schema", "lane", "write", "query"]
    let required = members.enumerated().filter { !optional.contains($0.element) }
      .map { (name: $0.element, offset: 8 + $0.offset * word) }
    // All but `query`, the last member, must be there.
    table = try Table.load(
      mapper_driver.self, from: foreign, named: "mapper_driver", minimum: 8 + 12 * word, required: required)

    id = String(cString: table.pointee.id)
    title = String(cString: table.pointee.title)
    deviceSchema = table.pointee.device_schema.map { String(cString: $0) }
    pointSchema = table.pointee.point_schema.map { String(cString: $0) }
    guard (1...63).contains(id.utf8.count), id.utf8.allSatisfy(Self.isIDByte) else {
      throw .badDriver("the driver id '\(id)' is not 1 to 63 characters out of a-z, 0-9, '.' and '-'")
    }

    var extensions: [String] = []
    if let foreign = table.pointee.query?(MAPPER_EXT_SUBSCRIBE) {
      subscribe = try Table.load(
        mapper_subscribe.self, from: foreign, named: MAPPER_EXT_SUBSCRIBE, minimum: 8 + 2 * word,
        required: [("start", 8), ("stop", 8 + word)])
      extensions.append(MAPPER_EXT_SUBSCRIBE)
    } else {
      subscribe = nil
    }
    if let foreign = table.pointee.query?(MAPPER_EXT_METHODS) {
      methods = try MethodTable.load(foreign)
      extensions.append(MAPPER_EXT_METHODS)
    } else {
      methods = []
    }
    if let foreign = table.pointee.query?(MAPPER_EXT_DISCOVERY) {
      discovery = try Table.load(
        mapper_discovery.self, from: foreign, named: MAPPER_EXT_DISCOVERY, minimum: 8 + 4 * word,
        required: [])
      extensions.append(MAPPER_EXT_DISCOVERY)
    } else {
      discovery = nil
    }
    scanSchema = discovery?.pointee.scan_schema.map { String(cString: $0) }
    self.extensions = extensions
  }

  private static func isIDByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }

  var report: LibraryReport.Driver {
    LibraryReport.Driver(
      id: id, title: title, deviceSchema: deviceSchema, pointSchema: pointSchema,
      extensions: extensions, methods: methods.map(\.description),
      scanSchema: discovery?.pointee.scan == nil ? nil : scanSchema,
      canScan: discovery?.pointee.scan != nil, canDescribe: discovery?.pointee.describe != nil)
  }
}
