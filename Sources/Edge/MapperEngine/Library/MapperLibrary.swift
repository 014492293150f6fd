// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Glibc

/// A mapper library, opened and loaded. It is never closed: a library that started threads cannot be.
final class MapperLibrary: Sendable {
  let report: LibraryReport
  let drivers: [String: DriverTable]
  private let unloadSlot: (@convention(c) () -> Void)?

  /// More drivers in one library are refused: an endless list is a fault.
  private static let maximumDrivers = 64

  /// Opens `path`, checks its tables, calls `load` and asks for the drivers.
  ///
  /// Constructors of the library run here: call it only where a crash costs nothing else.
  init(path: String, host: HostContext) throws(MapperLoadError) {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw .open(dlerror().map { String(cString: $0) } ?? "unknown error")
    }
    guard let symbol = dlsym(handle, MAPPER_ENTRY_SYMBOL) else { throw .noEntry }

    // The version is read before anything else of the table is believed.
    let head = UnsafeRawPointer(symbol)
    let major = head.load(fromByteOffset: 4, as: UInt32.self)
    let word = MemoryLayout<UInt>.size
    guard head.load(as: UInt32.self) >= 16 else {
      throw .tooShort(table: "mapper_entry", size: Int(head.load(as: UInt32.self)), required: 16 + 5 * word)
    }
    guard major == MAPPER_ABI_MAJOR else { throw .wrongMajor(major) }
    let entry = try Table.load(
      mapper_entry_v1.self, from: head, named: "mapper_entry", minimum: 16 + 5 * word,
      required: [
        ("name", 16), ("version", 16 + word), ("load", 16 + 2 * word), ("driver", 16 + 4 * word),
      ])

    let status = MapperStatus(rawValue: entry.pointee.load(host.handle, host.table))
    guard status.isOK else { throw .loadFailed(status: "\(status)", text: "") }

    var drivers: [String: DriverTable] = [:]
    var reports: [LibraryReport.Driver] = []
    var index: UInt32 = 0
    while let foreign = entry.pointee.driver(index) {
      let driver = try DriverTable(foreign)
      guard drivers.updateValue(driver, forKey: driver.id) == nil else {
        throw .badDriver("two drivers have the id '\(driver.id)'")
      }
      reports.append(driver.report)
      index += 1
      guard index <= Self.maximumDrivers else { throw .badDriver("the list of drivers does not end") }
    }
    guard !drivers.isEmpty else { throw .badDriver("has no driver") }
    self.drivers = drivers
    unloadSlot = entry.pointee.unload
    report = LibraryReport(
      name: String(cString: entry.pointee.name), version: String(cString: entry.pointee.version),
      abiMinor: entry.pointee.abi_minor, drivers: reports)
    guard EngineEvent.loaded(report).encode().count <= Frame.maximumSize else {
      throw .badDriver("describes itself with more than \(Frame.maximumSize >> 20) MiB")
    }
  }

  /// Once, when every device is gone: the library joins its threads.
  func unload() { unloadSlot?() }
}
