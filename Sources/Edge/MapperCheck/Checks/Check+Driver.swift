// SPDX-License-Identifier: Apache-2.0
internal import CMapper

extension Check {
  static let driverChecks = [
    Check("table-1", "The driver's table is long enough.") { (probe: Probe) throws(CheckEnd) in
      try probe.driverTable().requireSize(ProbeLibrary.driverSize)
    },
    Check("table-2", "No required member of the driver's table is null.") { (probe: Probe) throws(CheckEnd) in
      let table = try probe.driverTable()
      try table.requireSize(ProbeLibrary.driverSize)
      try table.require(ProbeLibrary.driverSlots)
    },
    Check("table-3", "Reserved words of the driver's table are zero.") { (probe: Probe) throws(CheckEnd) in
      try requireOurMinor(probe)
      try probe.driverTable().requireZero("flags", at: 4)
    },
    Check("table-4", "The id is 1 to 63 characters out of a-z, 0-9, '.' and '-'; the title is not empty.") {
      (probe: Probe) throws(CheckEnd) in
      let driver = try probe.driver()
      try requireText(driver.pointee.title, named: "title")
      let id = String(cString: driver.pointee.id)
      let isGood = id.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
          || byte == UInt8(ascii: "-")
      }
      guard isGood, (1...63).contains(id.utf8.count) else {
        throw .failed(expected: "an id that devices can name as protocolName", seen: "'\(id)'")
      }
    },
    Check("query-1", "query answers null to extensions that it does not know.") {
      (probe: Probe) throws(CheckEnd) in
      for id in ["", "mapper.subscribe/99", "mapper.nothing/1", "%s", String(repeating: "x", count: 5000)] {
        guard try probe.extensionTable(id) == nil else {
          throw .failed(expected: "null for query(\"\(id.prefix(40))\")", seen: "a table")
        }
      }
    },
    Check("query-2", "query answers the same table each time, before and after a device was made.") {
      (probe: Probe) throws(CheckEnd) in
      let ids = [MAPPER_EXT_SUBSCRIBE, MAPPER_EXT_METHODS, MAPPER_EXT_DISCOVERY]
      var before: [UnsafeRawPointer?] = []
      for id in ids { before.append(try probe.extensionTable(id)?.address) }
      try? probe.createdDevice(probe.plan()).destroy()
      var after: [UnsafeRawPointer?] = []
      for id in ids { after.append(try probe.extensionTable(id)?.address) }
      guard before == after else { throw .failed(expected: "the same tables", seen: "others") }
    },
    Check("lane-1", "lane keeps to the capacity and gives the same key for the same settings.") {
      (probe: Probe) throws(CheckEnd) in
      guard let lane = try probe.driver().pointee.lane else { throw .skipped("the driver names no lanes") }
      let plan = try probe.plan()
      var keys: Set<[UInt8]> = []
      for capacity in [256, 256, 1, 0] {
        let settings = NativeSettings(plan.settings)
        let key = GuardedArray([UInt8](repeating: 0, count: capacity))
        probe.say.step("lane")
        let size = withUnsafePointer(to: settings.settings) { settings in
          key.first.withMemoryRebound(to: CChar.self, capacity: max(1, capacity)) {
            lane(settings, $0, capacity)
          }
        }
        probe.say.step("")
        try key.check("key")
        guard size <= capacity else {
          throw .failed(expected: "a length of at most \(capacity)", seen: "\(size)")
        }
        if capacity == 256 { keys.insert(Array(key.elements.prefix(size))) }
      }
      guard keys.count == 1 else { throw .failed(expected: "the same key twice", seen: "two keys") }
    },
  ]

  static let schemaChecks = [
    Check("schema-1", "The schema of device settings is in the supported subset of JSON Schema.") {
      (probe: Probe) throws(CheckEnd) in
      let text = try probe.driver().pointee.device_schema.map { String(cString: $0) }
      _ = try SettingsSchema(text, of: "device")
    },
    Check("schema-2", "The schema of point settings is in the supported subset of JSON Schema.") {
      (probe: Probe) throws(CheckEnd) in
      let text = try probe.driver().pointee.point_schema.map { String(cString: $0) }
      _ = try SettingsSchema(text, of: "point")
    },
  ]
}
