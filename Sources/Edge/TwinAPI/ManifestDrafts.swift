// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// Makes manifests of what a scan finds: a DeviceModel and a Device each, ready to be declared.
struct ManifestDrafts {
  struct Draft {
    let name: DeviceName
    /// There is a device of this name: to declare the draft would change it.
    let exists: Bool
    /// Both objects as a `v1` List.
    let manifest: JSON
    /// What has to be added before it is of use, for people; may be empty.
    let notes: [String]
  }

  static let apiVersion = "devices.kubeedge.io/v1beta1"

  private let namespace: String
  /// Nil: names are made, or taken as the driver proposes them.
  private let fixedName: DeviceName?
  private let isTaken: @Sendable (DeviceName) -> Bool
  private var given: Set<DeviceName> = []

  /// For things that are new; `isTaken` tells which devices are there already.
  init(namespace: String, isTaken: @escaping @Sendable (DeviceName) -> Bool) {
    self.namespace = namespace
    fixedName = nil
    self.isTaken = isTaken
  }

  /// For a device that is declared and described now.
  init(of device: DeviceName) {
    namespace = device.namespace
    fixedName = device
    isTaken = { $0 == device }
  }

  /// Nil when not even a name can be made, which takes a driver whose id has no letter.
  mutating func next(for found: FoundDevice) -> Draft? {
    guard let name = fixedName ?? freshName(for: found) else { return nil }
    given.insert(name)
    var notes: [String] = []
    if found.properties.isEmpty {
      notes.append(
        "The driver named no properties: add them to the DeviceModel, and with their visitors to the Device.")
    }
    let properties = Self.named(found.properties)
    let untyped = properties.filter { $0.type == nil }.map(\.name)
    if !untyped.isEmpty {
      notes.append("The type is a guess (STRING): \(untyped.joined(separator: ", ")).")
    }
    let manifest: JSON = [
      "apiVersion": "v1", "kind": "List",
      "items": [Self.model(found, properties, name: name), Self.device(found, properties, name: name)],
    ]
    return Draft(name: name, exists: isTaken(name), manifest: manifest, notes: notes)
  }

  // MARK: - Names

  /// The driver's proposal, since it names the same thing with each scan; else one that no device has.
  private func freshName(for found: FoundDevice) -> DeviceName? {
    if let name = DeviceName(namespace: namespace, name: found.name) {
      return given.contains(name) ? numbered(found.name, from: 2) { given.contains($0) } : name
    }
    return numbered(Self.label(found.driver), from: 1) { given.contains($0) || isTaken($0) }
  }

  private func numbered(_ base: String, from first: Int, unless isUsed: (DeviceName) -> Bool) -> DeviceName? {
    var number = first
    while let name = DeviceName(namespace: namespace, name: "\(base)-\(number)") {
      if !isUsed(name) { return name }
      number += 1
    }
    return nil
  }

  /// A driver's id as a part of a name.
  private static func label(_ id: String) -> String {
    let bytes = id.lowercased().utf8.map { byte -> UInt8 in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
      default: UInt8(ascii: "-")
      }
    }
    let trimmed = bytes.drop { $0 == UInt8(ascii: "-") }
    return trimmed.isEmpty ? "device" : String(decoding: trimmed, as: UTF8.self)
  }

  /// Each property under a name of its own, as a model wants them.
  private static func named(_ properties: [FoundDevice.Property]) -> [FoundDevice.Property] {
    var used: Set<String> = []
    return properties.map { property in
      var property = property
      let name = property.name
      var number = 2
      while !used.insert(property.name).inserted {
        property.name = "\(name)-\(number)"
        number += 1
      }
      return property
    }
  }

  // MARK: - Objects

  private static func model(
    _ found: FoundDevice, _ properties: [FoundDevice.Property], name: DeviceName
  ) -> JSON {
    let declared = properties.map { property -> JSON in
      var members: JSON.Members = ["name": .string(property.name)]
      if !property.summary.isEmpty { members.append("description", .string(property.summary)) }
      members.append("type", .string((property.type ?? .string).rawValue))
      members.append("accessMode", .string(property.isWritable ? "ReadWrite" : "ReadOnly"))
      if !property.unit.isEmpty { members.append("unit", .string(property.unit)) }
      return .object(members)
    }
    return object(
      "DeviceModel", name, spec: ["protocol": .string(found.driver), "properties": .array(declared)])
  }

  private static func device(
    _ found: FoundDevice, _ properties: [FoundDevice.Property], name: DeviceName
  ) -> JSON {
    let visited = properties.map { property -> JSON in
      [
        "name": .string(property.name),
        "visitors": ["protocolName": .string(found.driver), "configData": .object(property.settings)],
      ]
    }
    return object(
      "Device", name,
      spec: [
        "deviceModelRef": ["name": .string(name.name)],
        "protocol": ["protocolName": .string(found.driver), "configData": .object(found.settings)],
        "properties": .array(visited),
      ])
  }

  private static func object(_ kind: String, _ name: DeviceName, spec: JSON.Members) -> JSON {
    [
      "apiVersion": .string(apiVersion), "kind": .string(kind),
      "metadata": ["name": .string(name.name), "namespace": .string(name.namespace)],
      "spec": .object(spec),
    ]
  }
}
