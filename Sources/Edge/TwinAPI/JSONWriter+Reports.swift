// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// Mappers and the node as JSON.
extension JSONWriter {
  /// - Parameter schemas: with the schemas of the drivers, which are long.
  mutating func mapper(_ mapper: MapperReport, schemas: Bool) {
    beginObject()
    name("file")
    string(String(mapper.fileName))
    name("path")
    string(mapper.file)
    text("name", mapper.name)
    text("version", mapper.version)
    name("state")
    string(mapper.state.rawValue)
    name("isolation")
    string(mapper.isolation.rawValue)
    text("message", mapper.message)
    text("hash", mapper.hash)
    if mapper.processID > 0 {
      name("processID")
      int(Int64(mapper.processID))
    }
    time("startTime", mapper.startTime)
    count("restarts", mapper.restarts)
    text("lastFault", mapper.lastFault)
    time("lastFaultTime", mapper.lastFaultTime)
    name("drivers")
    beginArray()
    for driver in mapper.drivers { self.driver(driver, schemas: schemas) }
    endArray()
    name("counters")
    counters(mapper.counters)
    endObject()
  }

  private mutating func driver(_ driver: MapperReport.Driver, schemas: Bool) {
    beginObject()
    name("id")
    string(driver.id)
    text("title", driver.title)
    name("extensions")
    beginArray()
    for name in driver.extensions { string(name) }
    endArray()
    name("methods")
    beginArray()
    for method in driver.methods { self.method(method) }
    endArray()
    name("canScan")
    bool(driver.canScan)
    name("canDescribe")
    bool(driver.canDescribe)
    if schemas {
      schema("deviceSchema", driver.deviceSchema)
      schema("pointSchema", driver.pointSchema)
      schema("scanSchema", driver.scanSchema)
    }
    endObject()
  }

  /// The schema as a part of this document; as a string where a driver's text is not JSON.
  private mutating func schema(_ name: StaticString, _ text: String?) {
    guard let text else { return }
    self.name(name)
    if let schema = try? JSON.parse(text) { value(schema) } else { string(text) }
  }

  private mutating func counters(_ counters: MapperReport.Counters) {
    beginObject()
    count("devices", counters.devices)
    count("lanes", counters.lanes)
    count("reads", counters.reads)
    count("readFailures", counters.readFailures)
    count("writes", counters.writes)
    count("writeFailures", counters.writeFailures)
    count("samples", counters.samples)
    count("missedCycles", counters.missedCycles)
    count("droppedSamples", counters.droppedSamples)
    endObject()
  }

  mutating func node(_ node: NodeReport, devices: Int, now: Int64) {
    beginObject()
    name("name")
    string(node.name)
    name("version")
    string(node.version)
    time("startTime", node.startTime)
    time("time", now)
    name("ready")
    bool(node.notReady.isEmpty)
    if !node.notReady.isEmpty { strings("notReady", node.notReady) }
    count("devices", devices)
    strings("modules", node.modules)
    name("counters")
    value(.object(node.counters))
    endObject()
  }

  private mutating func strings(_ name: StaticString, _ texts: [String]) {
    self.name(name)
    beginArray()
    for text in texts { string(text) }
    endArray()
  }

  mutating func changes(_ changes: [ManifestChange]) {
    beginObject()
    name("changes")
    beginArray()
    for change in changes {
      beginObject()
      name("kind")
      string(change.kind)
      name("namespace")
      string(change.namespace)
      name("name")
      string(change.name)
      name("outcome")
      string(change.outcome.rawValue)
      endObject()
    }
    endArray()
    endObject()
  }
}
