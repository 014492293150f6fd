// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import JSON
internal import Threads

extension Check {
  private static let word = MemoryLayout<UInt>.size

  static let extensionChecks = [
    Check(
      "methods-1",
      "The table of methods is long enough; names, arguments, types and flags are as methods.h says."
    ) {
      (probe: Probe) throws(CheckEnd) in
      try requireSoundMethods(probe)
    },
    Check(
      "discovery-1", "The table of discovery is long enough, offers something, and its schema can be read."
    ) {
      (probe: Probe) throws(CheckEnd) in
      let table = try discovery(probe)
      guard table.pointee.scan != nil || table.pointee.describe != nil else {
        throw .failed(expected: "scan or describe", seen: "neither")
      }
      _ = try scanSchema(table)
    },
    Check(
      "discovery-2", "A scan ends by its deadline, and what it finds fits the driver's own schemas.",
      extraMilliseconds: patience
    ) { (probe: Probe) throws(CheckEnd) in
      let device = try scanner(probe)
      var words: String?
      try requireQuick("a scan of 1500 ms", within: 1500) { () throws(CheckEnd) in
        let result = try scan(device, milliseconds: 1500)
        if result.status.isFinal { words = result.words }
        return result.milliseconds
      }
      if let words { throw .skipped("scan with the schema's options: \(words)") }
      try requireFits(device)
      try probe.requireNoMisuse(device)
    },
    Check("discovery-3", "A scan that is cancelled comes back soon.", extraMilliseconds: patience) {
      (probe: Probe) throws(CheckEnd) in
      let device = try scanner(probe)
      let call = device.call
      try requireQuick("a scan", within: 1000) { () throws(CheckEnd) in
        let timer = try probe.after(milliseconds: 30) { call.cancel() }
        defer { timer.join() }
        _ = try scan(device, milliseconds: 5000)
        return call.millisecondsSinceCancel
      }
    },
    Check("discovery-4", "A scan whose sink wants no more ends, and says so.") {
      (probe: Probe) throws(CheckEnd) in
      let device = try scanner(probe)
      let result = try scan(device, milliseconds: 5000, answer: MAPPER_CLOSED)
      let sink = device.call.sink
      guard sink.items.count + sink.progresses > 0 else { throw .skipped("the scan told the sink nothing") }
      guard sink.usesAfterNo == 0, result.status.class == .closed else {
        throw .failed(
          expected: "the sink's status from the scan, and nothing more for the sink",
          seen: "\(result.status), used \(sink.usesAfterNo) times more")
      }
    },
    Check("discovery-5", "describe of an open device tells of one item that fits the driver's own schemas.") {
      (probe: Probe) throws(CheckEnd) in
      let table = try discovery(probe)
      guard let describe = table.pointee.describe else { throw .skipped("the driver has no describe") }
      let device = try probe.openDevice()
      guard let handle = device.handle else { return }
      var sink = sinkTable()
      let result = device.make("describe", milliseconds: 5000) { describe(handle, $0, &sink) }
      if result.status.isOK {
        try requireFits(device)
        let count = device.call.sink.items.count
        guard count == 1 else { throw .failed(expected: "one item", seen: "\(count)") }
      }
      try device.destroy()
      try probe.requireNoMisuse(device)
      if !result.status.isOK { throw .skipped("describe: \(result.words)") }
    },
  ]

  // ---- methods ----

  private static let maximumMethods = 256
  private static let knownFlags: UInt32 = 7
  private static let codes: Set = [
    MAPPER_TYPE_BOOL, MAPPER_TYPE_I64, MAPPER_TYPE_U64, MAPPER_TYPE_F64, MAPPER_TYPE_TEXT, MAPPER_TYPE_BYTES,
  ]

  private static func requireSoundMethods(_ probe: Probe) throws(CheckEnd) {
    guard let foreign = try probe.extensionTable(MAPPER_EXT_METHODS) else {
      throw .skipped("the driver has no \(MAPPER_EXT_METHODS)")
    }
    try foreign.requireSize(16 + word)
    let isOurMinor = (try? requireOurMinor(probe)) != nil
    if isOurMinor { try foreign.requireZero("reserved", at: 12) }
    try foreign.require([("rows", 16)])
    let table = foreign.copy(mapper_methods.self).pointee
    guard table.count <= maximumMethods, Int(table.stride) >= MemoryLayout<mapper_method>.size else {
      throw .failed(
        expected: "at most \(maximumMethods) rows, stride of at least \(MemoryLayout<mapper_method>.size)",
        seen: "\(table.count) rows, stride \(table.stride)")
    }
    var names: Set<String> = []
    for place in 0..<Int(table.count) {
      let row = ForeignTable(
        address: UnsafeRawPointer(table.rows) + place * Int(table.stride), name: "methods.rows[\(place)]")
      try row.requireSize(MemoryLayout<mapper_method>.size)
      if isOurMinor { try row.requireZero("reserved", at: 20 + word) }
      try row.require([("name", 8), ("call", 24 + word)])
      let method = row.copy(mapper_method.self).pointee
      let name = String(cString: method.name)
      guard isName(name), names.insert(name).inserted else {
        throw .failed(expected: "\(row.name).name: [a-zA-Z][a-zA-Z0-9_-]{0,62}, each once", seen: "'\(name)'")
      }
      try requireSound(method, name, isOurMinor: isOurMinor)
    }
  }

  private static func requireSound(_ method: mapper_method, _ name: String, isOurMinor: Bool) throws(CheckEnd)
  {
    guard codes.contains(method.result) || method.result == MAPPER_TYPE_NONE else {
      throw .failed(expected: "\(name): a result type of methods.h", seen: "\(method.result)")
    }
    guard method.flags & ~knownFlags == 0 || !isOurMinor else {
      throw .failed(expected: "\(name): flags of methods.h", seen: "\(method.flags)")
    }
    guard method.count <= MAPPER_METHOD_ARGUMENTS else {
      throw .failed(
        expected: "\(name): at most \(MAPPER_METHOD_ARGUMENTS) arguments", seen: "\(method.count)")
    }
    guard method.count > 0 else { return }
    guard let types = method.arguments, let names = method.names else {
      throw .failed(expected: "\(name): types and names of \(method.count) arguments", seen: "null")
    }
    var seen: Set<String> = []
    for place in 0..<Int(method.count) {
      let argument = String(cString: names[place])
      guard isName(argument), seen.insert(argument).inserted, codes.contains(types[place]) else {
        throw .failed(
          expected: "\(name): arguments with names as the method's own, each once, and types of methods.h",
          seen: "'\(argument)' of type \(types[place])")
      }
    }
  }

  private static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 63 else { return false }
    func isLetter(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
    return isLetter(first)
      && name.utf8.allSatisfy { byte in
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
          || byte == UInt8(ascii: "-")
      }
  }

  // ---- discovery ----

  private static func discovery(_ probe: Probe) throws(CheckEnd) -> UnsafePointer<mapper_discovery> {
    guard let foreign = try probe.extensionTable(MAPPER_EXT_DISCOVERY) else {
      throw .skipped("the driver has no \(MAPPER_EXT_DISCOVERY)")
    }
    try foreign.requireSize(8 + 4 * word)
    try foreign.requireZero("flags", at: 4)
    return foreign.copy(mapper_discovery.self)
  }

  private static func scanSchema(_ table: UnsafePointer<mapper_discovery>) throws(CheckEnd) -> SettingsSchema
  {
    try SettingsSchema(table.pointee.scan_schema.map { String(cString: $0) }, of: "scan")
  }

  /// A device that is none: it carries the call of a scan.
  private static func scanner(_ probe: Probe) throws(CheckEnd) -> ProbeDevice {
    let table = try discovery(probe)
    guard table.pointee.scan != nil else { throw .skipped("the driver has no scan") }
    let options = try scanSchema(table).examples.first
    guard let options else { throw .skipped("no options for a scan can be made from its schema") }
    return ProbeDevice(
      probe, driver: try probe.driver(), plan: DevicePlan(settings: options, points: [], isGuess: true))
  }

  private static func sinkTable() -> mapper_sink {
    mapper_sink(
      size: UInt32(MemoryLayout<mapper_sink>.size), reserved: 0, found: probeFound, progress: probeProgress)
  }

  private static func scan(_ device: ProbeDevice, milliseconds: Int, answer: mapper_status = MAPPER_OK)
    throws(CheckEnd) -> CallResult
  {
    guard let host = device.probe.library.host, let scan = try discovery(device.probe).pointee.scan else {
      throw .skipped("the driver has no scan")
    }
    let options = NativeSettings(device.plan.settings)
    var sink = sinkTable()
    return withUnsafePointer(to: options.settings) { options in
      device.make("scan", milliseconds: milliseconds) { call in
        ProbeCall.from(call).sink.answer = answer
        return scan(host.handle, call, options, &sink)
      }
    }
  }

  private static func requireFits(_ device: ProbeDevice) throws(CheckEnd) {
    if let fault = device.call.sink.fault {
      throw .failed(expected: "items as discovery.h says", seen: fault)
    }
    let driver = device.driver.pointee
    let ofDevice = try SettingsSchema(driver.device_schema.map { String(cString: $0) }, of: "device")
    let ofPoint = try SettingsSchema(driver.point_schema.map { String(cString: $0) }, of: "point")
    for item in device.call.sink.items {
      guard ofDevice.accepted(item.settings) != nil else {
        throw .failed(
          expected: "found settings that the device schema takes", seen: JSON.object(item.settings).text)
      }
      for property in item.properties where ofPoint.accepted(property.settings) == nil {
        throw .failed(
          expected: "settings of \(property.name) that the point schema takes",
          seen: JSON.object(property.settings).text)
      }
    }
  }
}
