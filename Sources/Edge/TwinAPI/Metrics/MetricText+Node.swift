// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The node's counters, mappers and links.
extension MetricText {
  mutating func node(_ node: NodeReport) {
    begin("selvedge_info", .gauge, "1, with what runs here.")
    sample(1, [("version", node.version), ("node", node.name)])
    begin("selvedge_ready", .gauge, "1: the node can do its work.")
    sample(node.notReady.isEmpty ? 1 : 0)
    begin("selvedge_start_time_seconds", .gauge, "When this run of the agent began.")
    sample(Double(node.startTime) / 1e9)
    counters(node.counters)
  }

  private mutating func counters(_ counters: JSON.Members) {
    var known: Set<String> = []
    for family in MetricFamily.all {
      begin(family.name, family.kind, family.help)
      for source in family.sources {
        known.insert(source.module + "." + source.path)
        for (object, labels) in Self.objects(counters[source.module]) {
          guard let value = Self.number(object, source.path) else { continue }
          sample(value, labels + source.labels)
        }
      }
    }
    begin("selvedge_counter", .gauge, "Figures of modules that have no name of their own yet.")
    for module in counters {
      for (object, labels) in Self.objects(module.value) {
        Self.leaves(object, path: "") { path, value in
          guard !known.contains(module.name + "." + path) else { return }
          sample(value, [("module", module.name), ("name", path)] + labels)
        }
      }
    }
  }

  /// A module's counters; of one that has several parts, each with what tells it apart.
  private static func objects(_ json: JSON?) -> [(JSON, [(name: String, value: String)])] {
    switch json {
    case .object?: [(json ?? .null, [])]
    case .array(let elements)?:
      elements.enumerated().map { index, element in
        if let address = element["address"]?.string { return (element, [("broker", address)]) }
        return (element, [("sink", element["name"]?.string ?? "\(index)")])
      }
    default: []
    }
  }

  private static func number(_ json: JSON, _ path: String) -> Double? {
    var json: JSON? = json
    for step in path.split(separator: ".") { json = json?[String(step)] }
    return json.flatMap(value)
  }

  private static func value(_ json: JSON) -> Double? { json.double ?? json.bool.map { $0 ? 1 : 0 } }

  private static func leaves(_ json: JSON, path: String, _ body: (String, Double) -> Void) {
    if let members = json.object {
      for member in members {
        leaves(member.value, path: path.isEmpty ? member.name : path + "." + member.name, body)
      }
    } else if let value = value(json) {
      body(path, value)
    }
  }

  // MARK: - Mappers

  mutating func mappers(_ mappers: [MapperReport]) {
    begin("selvedge_mapper_state", .gauge, "1 for the state that the mapper is in.")
    for mapper in mappers {
      for state in [
        MapperReport.State.starting, .running, .refused, .restarting, .removed,
      ] {
        sample(mapper.state == state ? 1 : 0, [("mapper", mapper.label), ("state", state.rawValue)])
      }
    }
    family(mappers, "restarts_total", .counter, "Times that its runner was started again.") {
      Double($0.restarts)
    }
    family(mappers, "last_fault_time_seconds", .gauge, "When its runner last ended badly.") {
      $0.lastFaultTime > 0 ? Double($0.lastFaultTime) / 1e9 : nil
    }
    family(mappers, "resident_bytes", .gauge, "Memory of its runner.") {
      $0.processID > 0 ? ProcessFigures.residentBytes(of: $0.processID).map(Double.init) : nil
    }
    family(mappers, "devices", .gauge, "Devices that it drives.") { Double($0.counters.devices) }
    family(mappers, "lanes", .gauge, "Its lanes: lines to devices.") { Double($0.counters.lanes) }
    begin("selvedge_mapper_calls_total", .counter, "Calls of the driver, by kind and result.")
    for mapper in mappers {
      let counters = mapper.counters
      for (call, all, failed) in [
        ("read", counters.reads, counters.readFailures), ("write", counters.writes, counters.writeFailures),
      ] {
        sample(
          Double(all >= failed ? all - failed : 0),
          [("mapper", mapper.label), ("call", call), ("result", "ok")])
        sample(Double(failed), [("mapper", mapper.label), ("call", call), ("result", "failed")])
      }
    }
    family(mappers, "samples_total", .counter, "Samples that it gave.") { Double($0.counters.samples) }
    family(
      mappers, "missed_cycles_total", .counter, "Cycles left out since the one before was still running."
    ) { Double($0.counters.missedCycles) }
    family(
      mappers, "dropped_samples_total", .counter, "Samples that the agent did not take in time."
    ) { Double($0.counters.droppedSamples) }
  }

  private mutating func family(
    _ mappers: [MapperReport], _ name: String, _ kind: Kind, _ help: String,
    _ value: (MapperReport) -> Double?
  ) {
    begin("selvedge_mapper_" + name, kind, help)
    for mapper in mappers {
      if let value = value(mapper) { sample(value, [("mapper", mapper.label)]) }
    }
  }

  // MARK: - Links

  mutating func links(_ states: [LinkState: Int]) {
    begin("selvedge_devices", .gauge, "Devices by the state of their link.")
    for state in LinkState.allCases { sample(states[state] ?? 0, ["state": state.rawValue]) }
  }

  mutating func devices(_ devices: [(DeviceName, LinkState)]) {
    begin("selvedge_device_link", .gauge, "1, with the state of the device's link.")
    for (device, state) in devices {
      sample(1, [("namespace", device.namespace), ("device", device.name), ("state", state.rawValue)])
    }
  }
}

extension MapperReport {
  /// The file's name without its ending: two folders may have the same, of which one is served.
  fileprivate var label: String {
    fileName.hasSuffix(".so") ? String(fileName.dropLast(3)) : String(fileName)
  }
}
