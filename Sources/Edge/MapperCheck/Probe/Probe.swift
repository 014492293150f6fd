// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI
internal import Glibc
internal import MapperEngine
internal import Threads

/// One check's view of the mapper: the library, the driver that is checked, and a device to try it with.
package final class Probe {
  let options: ProbeOptions
  let say: ProbeOutput
  let library: ProbeLibrary

  init(_ options: ProbeOptions, say: ProbeOutput) {
    self.options = options
    self.say = say
    library = ProbeLibrary(path: options.library, say: say)
  }

  private init(_ options: ProbeOptions, of other: Probe) {
    self.options = options
    say = other.say
    library = other.library
  }

  /// The same loaded library with other options.
  func with(_ options: ProbeOptions) -> Probe { Probe(options, of: self) }

  /// The table of the driver that is checked, not yet believed.
  func driverTable() throws(CheckEnd) -> ForeignTable {
    let tables = try library.drivers()
    guard tables.indices.contains(options.driver) else {
      throw .failed(expected: "a driver at index \(options.driver)", seen: "null")
    }
    return tables[options.driver]
  }

  func driver() throws(CheckEnd) -> UnsafePointer<mapper_driver> {
    try ProbeLibrary.driver(driverTable())
  }

  func driverID() throws(CheckEnd) -> String { String(cString: try driver().pointee.id) }

  /// The extension table of the driver, unchecked; nil: it has none.
  func extensionTable(_ id: String) throws(CheckEnd) -> ForeignTable? {
    guard let query = try driver().pointee.query else { return nil }
    say.step("query")
    let table = query(id)
    say.step("")
    return table.map { ForeignTable(address: $0, name: id) }
  }

  /// The device to try the driver with.
  func plan() throws(CheckEnd) -> DevicePlan {
    let driver = try driver().pointee
    return try DevicePlan.make(
      deviceFile: options.deviceFile, driver: String(cString: driver.id),
      deviceSchema: driver.device_schema.map { String(cString: $0) },
      pointSchema: driver.point_schema.map { String(cString: $0) })
  }

  // ---- devices in the states that checks need ----

  func createdDevice(_ plan: DevicePlan) throws(CheckEnd) -> ProbeDevice {
    let device = ProbeDevice(self, driver: try driver(), plan: plan)
    let result = try device.create()
    guard result.status.isOK else {
      // Settings out of a schema are a guess: only those of a manifest must be good.
      if plan.isGuess {
        throw .skipped("create refuses the settings made from the schema (\(result.words)): give --device")
      }
      throw .failed(expected: "create takes the settings of \(options.deviceFile ?? "")", seen: result.words)
    }
    return device
  }

  /// With the points of the plan, at least one of them accepted.
  func boundDevice(_ plan: DevicePlan) throws(CheckEnd) -> ProbeDevice {
    let device = try createdDevice(plan)
    let result = try device.bind(plan.points)
    guard result.status.isOK else {
      if plan.isGuess {
        throw .skipped("bind refuses points made from the schema (\(result.words)): give --device")
      }
      throw .failed(expected: "bind takes the points of \(options.deviceFile ?? "")", seen: result.words)
    }
    guard !device.accepted.isEmpty else {
      throw .skipped("the driver takes none of the points (\(result.words)): give --device")
    }
    return device
  }

  func openDevice() throws(CheckEnd) -> ProbeDevice { try openDevice(plan()) }

  /// Tries a few times, as a host does: a first failure is no fault.
  func openDevice(_ plan: DevicePlan) throws(CheckEnd) -> ProbeDevice {
    let device = try boundDevice(plan)
    var words = ""
    for _ in 0..<4 {
      let result = try device.open(milliseconds: 2000)
      if result.status.isOK { return device }
      words = result.words
      sv_sleep_ms(20)
    }
    try device.destroy()
    throw .skipped("no device answers: open: \(words)")
  }

  /// What holds for every call: nothing that the host or a call noted.
  func requireNoMisuse(_ device: ProbeDevice? = nil) throws(CheckEnd) {
    let noted = (library.host?.faults ?? []) + (device?.call.misuse ?? [])
    guard noted.isEmpty else {
      throw .failed(
        expected: "the host's functions are called as host.h says", seen: noted.joined(separator: "; "))
    }
  }

  /// Runs `body` on another thread after a while.
  func after(milliseconds: Int32, _ body: @escaping @Sendable () -> Void) throws(CheckEnd) -> WorkerThread {
    do throws(WorkerThread.StartError) {
      return try WorkerThread("probe-timer") {
        sv_sleep_ms(milliseconds)
        body()
      }
    } catch {
      throw .skipped(error.description)
    }
  }
}
