// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Glibc

/// The library under test in this process, opened step by step.
///
/// Each step checks what it needs itself, so that a check of a later one fails with the reason of an earlier.
final class ProbeLibrary {
  static let maximumDrivers = 64
  private static let word = MemoryLayout<UInt>.size

  let path: String
  private let say: ProbeOutput
  private var handle: UnsafeMutableRawPointer?
  private(set) var host: ProbeHost?

  init(path: String, say: ProbeOutput) {
    self.path = path
    self.say = say
  }

  func open() throws(CheckEnd) -> UnsafeMutableRawPointer {
    if let handle { return handle }
    say.step("dlopen")
    guard let new = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw .failed(expected: "dlopen works", seen: dlerror().map { String(cString: $0) } ?? "unknown error")
    }
    say.step("")
    handle = new
    return new
  }

  func entryTable() throws(CheckEnd) -> ForeignTable {
    guard let symbol = dlsym(try open(), MAPPER_ENTRY_SYMBOL) else {
      throw .failed(expected: "a symbol mapper_entry", seen: "none")
    }
    return ForeignTable(address: UnsafeRawPointer(symbol), name: "mapper_entry")
  }

  static let entrySlots = [
    (name: "name", offset: 16), (name: "version", offset: 16 + word), (name: "load", offset: 16 + 2 * word),
    (name: "driver", offset: 16 + 4 * word),
  ]
  static let entrySize = 16 + 5 * word

  /// Checked as far as calling it needs.
  func entry() throws(CheckEnd) -> UnsafePointer<mapper_entry_v1> {
    let table = try entryTable()
    try table.requireSize(16)
    guard table.word(at: 4) == UInt32(MAPPER_ABI_MAJOR) else {
      throw .failed(expected: "abi_major \(MAPPER_ABI_MAJOR)", seen: "\(table.word(at: 4))")
    }
    try table.requireSize(Self.entrySize)
    try table.require(Self.entrySlots)
    return table.copy(mapper_entry_v1.self)
  }

  /// Calls `load`, once.
  func load(into host: ProbeHost = ProbeHost()) throws(CheckEnd) {
    guard self.host == nil else { return }
    let entry = try entry()
    self.host = host
    say.step("load")
    let status = MapperStatus(rawValue: entry.pointee.load(host.handle, host.table))
    say.step("")
    guard status.isOK else { throw .failed(expected: "load returns OK", seen: "\(status)") }
  }

  func unload() throws(CheckEnd) {
    guard host != nil, let unload = try entry().pointee.unload else { return }
    say.step("unload")
    unload()
    say.step("")
  }

  /// The driver tables, unchecked.
  func drivers() throws(CheckEnd) -> [ForeignTable] {
    try load()
    let entry = try entry()
    var tables: [ForeignTable] = []
    say.step("driver")
    while let driver = entry.pointee.driver(UInt32(tables.count)) {
      tables.append(ForeignTable(address: UnsafeRawPointer(driver), name: "mapper_driver"))
      guard tables.count <= Self.maximumDrivers else {
        throw .failed(
          expected: "a list of drivers that ends with null", seen: "more than \(tables.count - 1)")
      }
    }
    say.step("")
    guard !tables.isEmpty else { throw .failed(expected: "a driver at index 0", seen: "null") }
    return tables
  }

  /// Offsets of the driver's members that must not be null.
  static let driverSlots = [
    (name: "id", offset: 8), (name: "title", offset: 8 + word), (name: "create", offset: 8 + 5 * word),
    (name: "bind", offset: 8 + 6 * word), (name: "open", offset: 8 + 7 * word),
    (name: "read", offset: 8 + 8 * word), (name: "close", offset: 8 + 10 * word),
    (name: "destroy", offset: 8 + 11 * word),
  ]
  /// All but `query`, the last member.
  static let driverSize = 8 + 12 * word

  /// Checked as far as calling it needs.
  static func driver(_ table: ForeignTable) throws(CheckEnd) -> UnsafePointer<mapper_driver> {
    try table.requireSize(driverSize)
    try table.require(driverSlots)
    return table.copy(mapper_driver.self)
  }
}
