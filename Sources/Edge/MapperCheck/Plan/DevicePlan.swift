// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import JSON
internal import KubeAPI
internal import MapperEngine

/// A device to try a driver with: from a manifest, or made up from the driver's schemas.
struct DevicePlan {
  var settings: [Setting]
  var points: [PointPlan]
  /// Made up: the driver may well refuse it.
  var isGuess: Bool

  /// Keys of `protocol.configData` that are the host's, not the driver's.
  private static let hostKeys = ["callTimeoutMs", "openTimeoutMs", "backoffMinMs", "backoffMaxMs"]

  /// - Parameter deviceFile: nil: it is made up.
  static func make(deviceFile: String?, driver: String, deviceSchema: String?, pointSchema: String?)
    throws(CheckEnd) -> DevicePlan
  {
    if let deviceFile {
      return try read(deviceFile, driver: driver, deviceSchema: deviceSchema, pointSchema: pointSchema)
    }
    return guess(
      try SettingsSchema(deviceSchema, of: "device"), try SettingsSchema(pointSchema, of: "point"))
  }

  /// - Parameters:
  ///   - isChecked: false: what a schema refuses is handed over as it is, to see that the driver refuses it too.
  ///   - replacing: texts in the file and what stands for them.
  static func read(
    _ file: String, driver: String, deviceSchema: String?, pointSchema: String?, isChecked: Bool = true,
    replacing placeholders: [(String, String)] = []
  ) throws(CheckEnd) -> DevicePlan {
    let device = try SettingsSchema(deviceSchema, of: "device")
    let point = try SettingsSchema(pointSchema, of: "point")
    guard let description = try describe(file, drivers: [driver], replacing: placeholders)?.description else {
      throw .skipped("\(file): no Device of protocolName \(driver)")
    }
    var settings = description.settings
    for key in hostKeys { settings[key] = nil }
    var points: [PointPlan] = []
    for property in description.properties {
      guard let visitor = property.visitor else { continue }
      points.append(
        PointPlan(
          name: property.name, property: property.type, isWritable: property.isWritable,
          settings: try isChecked
            ? point.settings(visitor, path: "\(property.name).visitors.configData") : point.unchecked(visitor)
        ))
    }
    return DevicePlan(
      settings: try isChecked
        ? device.settings(settings, path: "protocol.configData") : device.unchecked(settings),
      points: points, isGuess: false)
  }

  /// The place in `drivers` of the driver that the file has a device for.
  static func driver(of file: String, among drivers: [String]) throws(CheckEnd) -> Int? {
    // A port that is not known yet is as good as any here.
    let found = try describe(file, drivers: drivers, replacing: [("{port}", "1"), ("{tty}", "tty")])
    return found.flatMap { found in drivers.firstIndex(of: found.driver) }
  }

  /// The first Device of the file whose protocolName is one of the drivers', put together with its model.
  private static func describe(_ file: String, drivers: [String], replacing placeholders: [(String, String)])
    throws(CheckEnd) -> (driver: String, description: DeviceDescription)?
  {
    let manifest: Manifest
    do throws(FileError) {
      var text = String(decoding: try TextFile.read(file), as: UTF8.self)
      for (placeholder, value) in placeholders { text = text.replacing(placeholder, with: value) }
      manifest = Manifest(Array(text.utf8), file: file)
    } catch {
      throw .skipped(error.description)
    }
    if let problem = manifest.problems.first { throw .skipped("\(problem)") }
    var models: [ObjectKey: DeviceModel] = [:]
    for entry in manifest.entries {
      if case .model(let model)? = entry.object { models[entry.key] = model }
    }
    for entry in manifest.entries {
      guard case .device(let device)? = entry.object, let driver = device.protocolName,
        drivers.contains(driver)
      else { continue }
      guard let key = device.modelKey, let model = models[key] else {
        throw .skipped("\(file): no DeviceModel '\(device.model)' for \(device.metadata.name)")
      }
      let resolution = DeviceResolution(device, model: model, file: file)
      guard let description = resolution.description else {
        throw .skipped(resolution.problems.first.map { "\($0)" } ?? file)
      }
      return (driver, description)
    }
    return nil
  }

  private static let types: [PropertyType] = [.int, .double, .boolean, .string]
  private static let maximumPoints = 64

  /// Points of each usual type and access over the settings that the schema allows.
  private static func guess(_ device: SettingsSchema, _ point: SettingsSchema) -> DevicePlan {
    var points: [PointPlan] = []
    for (variant, settings) in point.examples.enumerated() {
      for type in types {
        for isWritable in [true, false] where points.count < maximumPoints {
          points.append(
            PointPlan(
              name: "p\(variant)-\(type.rawValue)-\(isWritable ? "rw" : "r")", property: type,
              isWritable: isWritable, settings: settings))
        }
      }
    }
    return DevicePlan(settings: device.examples.first ?? [], points: points, isGuess: true)
  }
}
