// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// A twin as JSON: the form that every answer of the API has.
extension JSONWriter {
  enum DeviceForm: Sendable {
    /// Without the properties.
    case summary
    case full
    /// An event of a watch: only those properties that changed, and nothing that all of them add up to.
    case change(coalesced: Int)

    fileprivate var hasProperties: Bool { if case .summary = self { false } else { true } }
  }

  mutating func device(_ device: DeviceSnapshot, as form: DeviceForm) {
    beginObject()
    name("namespace")
    string(device.name.namespace)
    name("name")
    string(device.name.name)
    name("model")
    string(device.model)
    if let driver = device.protocolName, !driver.isEmpty {
      name("protocol")
      string(driver)
    }
    name("labels")
    beginObject()
    for (key, value) in device.labels.sorted(by: { $0.key < $1.key }) {
      name(key)
      string(value)
    }
    endObject()
    name("link")
    link(device.link)
    name("desiredVersion")
    int(device.desiredVersion)
    name("reportedVersion")
    int(device.reportedVersion)
    switch form {
    case .change(let coalesced):
      if device.isComplete {
        name("complete")
        bool(true)
      }
      if coalesced > 0 { count("coalesced", coalesced) }
    case .summary, .full:
      name("inSync")
      bool(device.properties.allSatisfy(\.inSync))
      name("counts")
      counts(of: device.properties)
    }
    if form.hasProperties {
      name("properties")
      beginObject()
      for property in device.properties {
        name(property.name)
        beginObject()
        members(of: property)
        endObject()
      }
      endObject()
    }
    endObject()
  }

  /// A property on its own, with its name.
  mutating func property(_ property: PropertySnapshot) {
    beginObject()
    name("name")
    string(property.name)
    members(of: property)
    endObject()
  }

  private mutating func counts(of properties: [PropertySnapshot]) {
    beginObject()
    count("properties", properties.count)
    count("bad", properties.count { $0.reported?.quality.class == .bad })
    count("pending", properties.count { $0.desired?.state == .pending })
    count("failed", properties.count { $0.desired?.state == .failed })
    endObject()
  }

  private mutating func link(_ link: LinkSnapshot) {
    beginObject()
    name("state")
    string(link.state.rawValue)
    text("reason", link.reason)
    time("since", link.since)
    time("lastOnline", link.lastOnline)
    endObject()
  }

  private mutating func members(of property: PropertySnapshot) {
    name("type")
    string(property.type.twinName)
    if let unit = property.unit { text("unit", unit) }
    name("access")
    string(property.isWritable ? "readWrite" : "readOnly")
    if let minimum = property.minimum {
      name("min")
      number(minimum)
    }
    if let maximum = property.maximum {
      name("max")
      number(maximum)
    }
    name("mapped")
    bool(property.isMapped)
    if let reported = property.reported {
      name("reported")
      self.reported(reported)
    }
    if let desired = property.desired {
      name("desired")
      self.desired(desired)
    }
    name("inSync")
    bool(property.inSync)
  }

  private mutating func reported(_ reported: ReportedSnapshot) {
    beginObject()
    name("value")
    if let value = reported.value { self.value(value) } else { null() }
    name("quality")
    string(reported.quality.class.rawValue)
    if let reason = reported.quality.reason { text("reason", reason) }
    if let failure = reported.failure {
      name("error")
      string(failure.text.isEmpty ? failure.status.description : "\(failure.status): \(failure.text)")
    }
    time("sourceTime", reported.sourceTime)
    time("time", reported.time)
    endObject()
  }

  private mutating func desired(_ desired: DesiredSnapshot) {
    beginObject()
    name("value")
    value(desired.value)
    name("version")
    int(desired.version)
    time("time", desired.time)
    name("origin")
    string(desired.origin.rawValue)
    name("state")
    string(desired.state.rawValue)
    text("error", desired.error)
    count("attempts", desired.attempts)
    time("stateTime", desired.stateTime)
    endObject()
  }

  /// A number, a boolean or a string; bytes as base64, and null for what JSON has no number for.
  mutating func value(_ value: Value) {
    switch value {
    case .bool(let value): bool(value)
    case .int(let value): int(value)
    case .float(let value): number(value)
    case .double(let value): number(value)
    case .text(let value): string(value)
    case .bytes(let value): string(Base64.encode(value))
    }
  }

  mutating func count(_ name: StaticString, _ count: Int) {
    self.name(name)
    int(Int64(count))
  }

  mutating func count(_ name: StaticString, _ count: UInt64) {
    self.name(name)
    int(Int64(clamping: count))
  }

  /// A text that is left out when it is empty.
  mutating func text(_ name: StaticString, _ text: String) {
    guard !text.isEmpty else { return }
    self.name(name)
    string(text)
  }

  /// A time (RFC 3339), left out when it is 0.
  mutating func time(_ name: StaticString, _ nanoseconds: Int64) {
    guard nanoseconds != 0 else { return }
    self.name(name)
    string(RFC3339.text(nanoseconds))
  }
}
