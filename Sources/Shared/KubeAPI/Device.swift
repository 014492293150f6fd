// SPDX-License-Identifier: Apache-2.0
internal import Config
package import DeviceAPI
package import JSON

/// A Device of `devices.kubeedge.io/v1beta1`, as its manifest has it: what is absent there is nil here.
package struct Device: Sendable {
  package struct Method: Sendable {
    package var name: String
    package var summary: String?
    package var propertyNames: [String]
  }

  package struct StateReport: Sendable {
    package var reportToCloud: Bool?
    /// Milliseconds.
    package var reportCycle: Int?
  }

  package var metadata: ObjectMetadata
  /// Name of the DeviceModel, of the same namespace.
  package var model: String
  package var nodeName: String?
  package var protocolName: String?
  package var configData: JSON.Members?
  package var properties: [DeviceProperty]
  package var methods: [Method] = []
  package var stateReport: StateReport?
  package var telemetry: DeviceDescription.TelemetryForm = .full
  /// Lines of the manifest, for messages about what can be checked with the model only: of the metadata, from which
  /// those of the properties count, and of the model's name.
  package private(set) var line = 0
  package var modelLine = 0
  private var hasProtocol = false

  /// The annotation that chooses the form of telemetry messages: `full` (default) or `compact`.
  package static let telemetryAnnotation = "selvedge.dev/telemetry"

  /// Nil when `model` is no name.
  package var modelKey: ObjectKey? {
    DeviceName(namespace: metadata.name.namespace, name: model).map { ObjectKey(.deviceModel, $0) }
  }

  package var json: JSON {
    var spec: JSON.Members = ["deviceModelRef": ["name": .string(model)]]
    if let nodeName { spec.append("nodeName", .string(nodeName)) }
    if hasProtocol {
      var members = JSON.Members()
      if let protocolName { members.append("protocolName", .string(protocolName)) }
      if let configData { members.append("configData", .object(configData)) }
      spec.append("protocol", .object(members))
    }
    if let stateReport { spec.append("stateReport", stateReport.json) }
    if !methods.isEmpty { spec.append("methods", .array(methods.map(\.json))) }
    spec.append("properties", .array(properties.map(\.json)))
    return [
      "apiVersion": .string(Manifest.apiVersion), "kind": .string(ObjectKind.device.rawValue),
      "metadata": metadata.json, "spec": .object(spec),
    ]
  }

  /// Reads what comes after apiVersion and kind. Of use only if it put no problem in the log.
  init(_ object: MappingReader, metadata: ObjectMetadata) {
    self.metadata = metadata
    model = ""
    properties = []
    line = object.line(of: "metadata")
    readAnnotations(object)
    _ = object.node("status")
    guard let spec = object.mapping("spec") else {
      if !object.has("spec") { object.report("spec", expected: "a mapping") }
      return
    }
    readModel(spec)
    nodeName = spec.string("nodeName")
    if let keys = spec.mapping("protocol") {
      hasProtocol = true
      protocolName = keys.string("protocolName")
      configData = keys.object("configData")
      keys.finish()
    }
    if let keys = spec.mapping("stateReport") {
      stateReport = StateReport(
        reportToCloud: keys.bool("reportToCloud"),
        reportCycle: keys.int("reportCycle", in: DeviceProperty.cycles))
      keys.finish()
    }
    methods = spec.mappings("methods").compactMap(Method.init)
    var names: Set<String> = []
    for keys in spec.mappings("properties") {
      guard let property = DeviceProperty(keys, protocolName: protocolName, line: line) else { continue }
      if !names.insert(property.name).inserted {
        keys.report(
          "name", value: YAMLNode.shortened(property.name), expected: "a name that no other property has")
      }
      properties.append(property)
    }
    spec.finish()
  }

  private mutating func readModel(_ spec: MappingReader) {
    modelLine = spec.line(of: "deviceModelRef")
    guard let keys = spec.mapping("deviceModelRef") else {
      if !spec.has("deviceModelRef") {
        spec.report("deviceModelRef", expected: "a mapping with the name of a DeviceModel")
      }
      return
    }
    model = keys.requiredString("name", expected: "the name of a DeviceModel") ?? ""
    if !model.isEmpty, modelKey == nil {
      keys.report(
        "name", value: YAMLNode.shortened(model),
        expected: "lower-case letters, digits, '-' and '.', at most 253")
    }
    modelLine = keys.line(of: "name")
    keys.finish()
  }

  /// Annotations are free, except ours: a misspelt one must not pass.
  private mutating func readAnnotations(_ object: MappingReader) {
    let path = object.path(of: "metadata") + ".annotations."
    let line = object.line(of: "metadata")
    for (key, value) in metadata.annotations.sorted(by: { $0.key < $1.key })
    where key.hasPrefix("selvedge.dev/") {
      if key != Self.telemetryAnnotation {
        object.log.report(
          line: line, path: path + key, expected: "one of the known keys: " + Self.telemetryAnnotation)
      } else if let form = DeviceDescription.TelemetryForm(rawValue: value) {
        telemetry = form
      } else {
        object.log.report(
          line: line, path: path + key, value: YAMLNode.shortened(value), expected: "one of full, compact")
      }
    }
  }
}

extension Device.Method {
  init?(_ keys: MappingReader) {
    let name = keys.requiredString("name", expected: "the name of a method")
    summary = keys.string("description")
    propertyNames = keys.strings("propertyNames") ?? []
    keys.finish()
    guard let name else { return nil }
    self.name = name
  }

  var json: JSON {
    var members: JSON.Members = ["name": .string(name)]
    if let summary { members.append("description", .string(summary)) }
    members.append("propertyNames", .array(propertyNames.map { .string($0) }))
    return .object(members)
  }
}

extension Device.StateReport {
  var json: JSON {
    var members = JSON.Members()
    if let reportToCloud { members.append("reportToCloud", .bool(reportToCloud)) }
    if let reportCycle { members.append("reportCycle", .int(Int64(reportCycle))) }
    return .object(members)
  }
}
