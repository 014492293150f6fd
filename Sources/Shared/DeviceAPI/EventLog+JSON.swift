// SPDX-License-Identifier: Apache-2.0
package import JSON

/// An event as the API and the log's files write it, one object:
/// `{"id":7,"time":"…","kind":"change","level":"info","device":"default/pump-1","property":"setpoint",
/// "caller":{"name":"root","source":"unix socket, pid 4711"},"action":"set","text":"…","details":{…}}`.
/// What there is none of is absent.
extension JSONWriter {
  package mutating func event(_ event: LoggedEvent) {
    let record = event.record
    beginObject()
    name("id")
    int(Int64(clamping: event.id))
    name("time")
    string(RFC3339.text(event.time))
    name("kind")
    string(record.kind.rawValue)
    name("level")
    string(record.level.rawValue)
    if let device = record.device {
      name("device")
      string("\(device)")
    }
    if let property = record.property {
      name("property")
      string(property)
    }
    if let caller = record.caller {
      name("caller")
      beginObject()
      name("name")
      string(caller.name)
      if !caller.source.isEmpty {
        name("source")
        string(caller.source)
      }
      endObject()
    }
    name("action")
    string(record.action)
    if !record.problem.isEmpty {
      name("problem")
      string(record.problem)
    }
    name("text")
    string(record.text)
    if !record.details.isEmpty {
      name("details")
      value(.object(record.details))
    }
    endObject()
  }
}

extension LoggedEvent {
  /// Reads what `JSONWriter.event` wrote; nil when it is not that. The caller's scope is not in the text: it counts as
  /// `none`.
  package init?(_ json: JSON) {
    guard let id = json["id"]?.int, id > 0, let time = json["time"]?.string.flatMap(RFC3339.parse),
      let kind = json["kind"]?.string.flatMap(EventRecord.Kind.init),
      let level = json["level"]?.string.flatMap(EventRecord.Level.init),
      let action = json["action"]?.string, let text = json["text"]?.string
    else { return nil }
    var record = EventRecord(kind, action, text, level: level)
    record.device = json["device"]?.string.flatMap { DeviceName(parsing: $0) }
    record.property = json["property"]?.string
    if let caller = json["caller"], let name = caller["name"]?.string {
      record.caller = Caller(name: name, source: caller["source"]?.string ?? "", scope: .none)
    }
    record.problem = json["problem"]?.string ?? ""
    record.details = json["details"]?.object ?? .init()
    self.init(id: UInt64(id), time: time, record: record)
  }
}

extension EventRecord.Level: Comparable {
  package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    }
  }
}

extension EventFilter {
  package func takes(_ record: EventRecord) -> Bool {
    if let kinds, !kinds.contains(record.kind) { return false }
    if let level, record.level < level { return false }
    if let device, record.device != device { return false }
    if let namespaces {
      guard let device = record.device, namespaces.contains(device.namespace) else { return false }
    }
    return true
  }
}
