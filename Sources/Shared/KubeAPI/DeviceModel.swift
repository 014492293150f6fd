// SPDX-License-Identifier: Apache-2.0
internal import Config
package import DeviceAPI
package import JSON

/// A DeviceModel of `devices.kubeedge.io/v1beta1`: what devices of one make have in common.
package struct DeviceModel: Sendable {
  package enum AccessMode: String, Sendable, CaseIterable {
    case readWrite = "ReadWrite"
    case readOnly = "ReadOnly"
  }

  package struct Property: Sendable {
    package var name: String
    package var summary: String?
    package var type: PropertyType
    /// Nil: not said, which counts as `ReadOnly`.
    package var accessMode: AccessMode?
    /// Numbers as texts, as the manifest has them.
    package var minimum: String?
    package var maximum: String?
    package var unit: String?
    package var visitors: Visitors?
  }

  package var metadata: ObjectMetadata
  package var protocolName: String?
  /// Defaults for `protocol.configData` of the devices.
  package var protocolConfigData: JSON.Members?
  package var properties: [Property]

  package var json: JSON {
    var spec = JSON.Members()
    if let protocolName { spec.append("protocol", .string(protocolName)) }
    if let protocolConfigData { spec.append("protocolConfigData", .object(protocolConfigData)) }
    spec.append("properties", .array(properties.map(\.json)))
    return [
      "apiVersion": .string(Manifest.apiVersion), "kind": .string(ObjectKind.deviceModel.rawValue),
      "metadata": metadata.json, "spec": .object(spec),
    ]
  }

  /// Reads what comes after apiVersion and kind. Of use only if it put no problem in the log.
  init(_ object: MappingReader, metadata: ObjectMetadata) {
    self.metadata = metadata
    properties = []
    _ = object.node("status")
    guard let spec = object.mapping("spec") else {
      if !object.has("spec") { object.report("spec", expected: "a mapping") }
      return
    }
    protocolName = spec.string("protocol")
    protocolConfigData = spec.object("protocolConfigData")
    var names: Set<String> = []
    for keys in spec.mappings("properties") {
      guard let property = Property(keys) else { continue }
      if !names.insert(property.name).inserted {
        keys.report(
          "name", value: YAMLNode.shortened(property.name), expected: "a name that no other property has")
      }
      properties.append(property)
    }
    spec.finish()
  }
}

extension DeviceModel.Property {
  init?(_ keys: MappingReader) {
    let name = keys.requiredString("name", expected: "the name of a property")
    summary = keys.string("description")
    var type = keys.choice("type", of: PropertyType.self, ignoringCase: true)
    if type == nil, !keys.has("type") {
      keys.report("type", expected: "one of " + PropertyType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    accessMode = keys.choice("accessMode", of: DeviceModel.AccessMode.self, ignoringCase: true)
    minimum = Self.number("minimum", keys)
    maximum = Self.number("maximum", keys)
    unit = keys.string("unit")
    visitors = Visitors(keys.mapping("visitors"))
    keys.finish()
    if let low = minimum.flatMap(Double.init), let high = maximum.flatMap(Double.init), low > high {
      keys.report(
        "minimum", value: minimum ?? "", expected: "a number up to maximum, which is \(maximum ?? "")")
    }
    if type == nil, name != nil { type = .string }
    guard let name, let type else { return nil }
    self.name = name
    self.type = type
  }

  /// A number as text; an empty one counts as absent, as in KubeEdge.
  private static func number(_ key: String, _ keys: MappingReader) -> String? {
    guard let text = keys.string(key), !text.isEmpty else { return nil }
    guard let number = Double(text), number.isFinite else {
      keys.report(key, value: YAMLNode.shortened(text), expected: "a number, as text")
      return nil
    }
    return text
  }

  var json: JSON {
    var members: JSON.Members = ["name": .string(name)]
    if let summary { members.append("description", .string(summary)) }
    members.append("type", .string(type.rawValue))
    if let accessMode { members.append("accessMode", .string(accessMode.rawValue)) }
    if let minimum { members.append("minimum", .string(minimum)) }
    if let maximum { members.append("maximum", .string(maximum)) }
    if let unit { members.append("unit", .string(unit)) }
    if let visitors { members.append("visitors", visitors.json) }
    return .object(members)
  }
}
