// SPDX-License-Identifier: Apache-2.0
internal import Config
package import DeviceAPI
internal import JSON

/// A Device put together with its DeviceModel.
///
/// As in KubeEdge:
/// - A device has those properties that its own manifest lists. What only the model has is not served.
/// - `protocolConfigData` and `visitors.configData` of the model are defaults, key by key, for those of the
///   device.
/// - A property that does not say `reportToCloud` is not reported there.
///
/// Properties stand in the order of the model, settings by name. A property without visitors, and every
/// property of a device without `protocolName`, has MQTT as its only source.
package struct DeviceResolution {
  /// Nil when there are problems.
  package private(set) var description: DeviceDescription?
  package private(set) var problems: [ManifestProblem] = []
  private let file: String
  /// Of the device; those of its properties count from it.
  private let line: Int

  /// - Parameters:
  ///   - model: the one that `device.model` names.
  ///   - file: where the device was declared.
  package init(_ device: Device, model: DeviceModel, file: String) {
    self.file = file
    line = device.line
    let places = Dictionary(
      model.properties.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    var resolved: [(place: Int, property: PropertyDescription)] = []
    for (index, property) in device.properties.enumerated() {
      let path = "spec.properties[\(index)]"
      guard let place = places[property.name] else {
        let known = model.properties.map(\.name).joined(separator: ", ")
        report(
          property.line, path + ".name", YAMLNode.shortened(property.name),
          known.isEmpty
            ? "a property of DeviceModel \(device.model), which has none"
            : "a property of DeviceModel \(device.model): \(known)")
        continue
      }
      let description = resolve(property, model.properties[place], isDriven: device.isDriven, path: path)
      resolved.append((place, description))
    }
    guard problems.isEmpty else { return }
    resolved.sort { $0.place < $1.place }
    description = DeviceDescription(
      name: device.metadata.name, model: device.model, labels: device.metadata.labels,
      protocolName: device.isDriven ? device.protocolName : nil,
      settings: (device.configData ?? .init()).merged(over: model.protocolConfigData),
      properties: resolved.map(\.property), telemetry: device.telemetry, origin: file)
  }

  private mutating func resolve(
    _ property: DeviceProperty, _ model: DeviceModel.Property, isDriven: Bool, path: String
  ) -> PropertyDescription {
    var visitor: JSON.Members?
    if isDriven, property.visitors != nil || model.visitors != nil {
      visitor = (property.visitors?.configData ?? .init()).merged(over: model.visitors?.configData)
    }
    var description = PropertyDescription(
      name: model.name, type: model.type, isWritable: model.accessMode == .readWrite,
      minimum: model.minimum.flatMap(Double.init), maximum: model.maximum.flatMap(Double.init),
      unit: model.unit,
      summary: model.summary, visitor: visitor,
      collectCycleMilliseconds: property.collectCycle ?? PropertyDescription.defaultCollectCycle,
      reportCycleMilliseconds: property.reportCycle ?? PropertyDescription.defaultReportCycle,
      reportToCloud: property.reportToCloud ?? false)
    description.push = property.push
    checkPush(property, description, path: path + ".pushMethod.otel")
    if let desired = property.desired, asksForSomething(desired, description) {
      description.desired = desired.value
      description.desiredTimeToLiveMilliseconds = desired.timeToLive
      description.verify = desired.verify
      check(desired, description, path: path + ".desired.value")
    }
    return description
  }

  /// KubeEdge's mappers want a `desired` in every property, so manifests have empty ones.
  private func asksForSomething(_ desired: DeviceProperty.Desired, _ property: PropertyDescription) -> Bool {
    !desired.value.isEmpty || (property.type == .string && property.isWritable)
  }

  private mutating func check(
    _ desired: DeviceProperty.Desired, _ property: PropertyDescription, path: String
  ) {
    let shown = YAMLNode.shortened(desired.value)
    guard property.isWritable else {
      report(desired.line, path, shown, "no desired value: \(property.name) is not ReadWrite in the model")
      return
    }
    guard let value = Value(parsing: desired.value, as: property.type) else {
      report(desired.line, path, shown, "a value of type \(property.type.rawValue)")
      return
    }
    guard let number = value.number else { return }
    if let minimum = property.minimum, number < minimum {
      report(desired.line, path, shown, "at least \(Value.double(minimum).text)")
    }
    if let maximum = property.maximum, number > maximum {
      report(desired.line, path, shown, "at most \(Value.double(maximum).text)")
    }
  }

  /// OTLP's gauges are numbers.
  private mutating func checkPush(
    _ property: DeviceProperty, _ description: PropertyDescription, path: String
  ) {
    let isNumber = [.int, .float, .double, .boolean].contains(description.type)
    for method in property.push {
      guard case .otel = method, !isNumber else { continue }
      report(
        property.line, path, description.type.rawValue,
        "a property of type INT, FLOAT, DOUBLE or BOOLEAN, since otel pushes numbers")
    }
  }

  private mutating func report(_ line: Int, _ path: String, _ value: String, _ expected: String) {
    problems.append(
      ManifestProblem(file: file, line: self.line + line, path: path, value: value, expected: expected))
  }
}

extension Device {
  /// A mapper shall drive it.
  var isDriven: Bool { protocolName?.isEmpty == false }
}
