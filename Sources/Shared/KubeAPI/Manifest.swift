// SPDX-License-Identifier: Apache-2.0
internal import Config
package import DeviceAPI
package import JSON

/// An object of a manifest. Indirect, since it is copied often and is large.
package indirect enum ManifestObject: Sendable {
  case device(Device)
  case model(DeviceModel)

  package var key: ObjectKey {
    switch self {
    case .device(let device): ObjectKey(.device, device.metadata.name)
    case .model(let model): ObjectKey(.deviceModel, model.metadata.name)
    }
  }

  /// The object as the Kubernetes API would show it.
  package var json: JSON {
    switch self {
    case .device(let device): device.json
    case .model(let model): model.json
    }
  }
}

/// Devices and DeviceModels out of one text.
package struct Manifest: Sendable {
  package static let apiVersion = "devices.kubeedge.io/v1beta1"

  package struct Entry: Sendable {
    package let key: ObjectKey
    /// Of its name.
    package let line: Int
    /// Nil: something is wrong with it, see `problems`.
    package let object: ManifestObject?
  }

  /// In the order of the text.
  package private(set) var entries: [Entry] = []
  /// The text is broken to a degree that hides which objects it holds.
  package private(set) var isUnclear = false
  package private(set) var problems: [ManifestProblem] = []
  /// The objects are good, and yet somebody should look at these.
  package private(set) var warnings: [ManifestProblem] = []

  /// Reads all documents of a YAML or JSON text; a `kind: List` counts as its items.
  ///
  /// Unknown fields are problems, since a misspelt one would be without effect and nobody would know.
  /// - Parameter file: what problems call the text.
  package init(_ text: [UInt8], file: String) {
    let documents: [YAMLNode]
    do throws(YAMLError) {
      documents = try YAMLNode.parse(text, file: file)
    } catch {
      problems = [error.problem]
      isUnclear = true
      return
    }
    for document in documents { read(document, path: "", file: file) }
  }

  /// - Parameter path: `items[3]` in a list.
  private mutating func read(_ node: YAMLNode, path: String, file: String) {
    // A log for each object, since an object counts only when nothing is wrong with it.
    let log = ProblemLog(file: file)
    defer {
      problems += log.errors
      warnings += log.warnings
    }
    guard let keys = MappingReader(node, path: path, log: log) else {
      isUnclear = true
      return
    }
    let version = keys.requiredString("apiVersion", expected: Self.apiVersion)
    let kind = keys.requiredString("kind", expected: "Device or DeviceModel")
    if kind == "List", version == "v1" || version == Self.apiVersion {
      readList(node, keys, file: file)
      return
    }
    if let version, version != Self.apiVersion { Self.report(version: version, keys) }
    let known = kind.flatMap(ObjectKind.init)
    if known == nil, let kind {
      keys.report("kind", value: YAMLNode.shortened(kind), expected: "Device or DeviceModel")
    }
    let metadata = ObjectMetadata(keys)
    guard let known, let metadata else {
      isUnclear = true
      return
    }
    // Of another version nothing more can be said.
    var object: ManifestObject?
    if version == Self.apiVersion {
      object = Self.object(known, keys, metadata)
      keys.finish()
    }
    let line = node["metadata"]?["name"]?.line ?? node.line
    entries.append(
      Entry(key: ObjectKey(known, metadata.name), line: Int(line), object: log.errors.isEmpty ? object : nil))
  }

  private static func object(_ kind: ObjectKind, _ keys: MappingReader, _ metadata: ObjectMetadata)
    -> ManifestObject?
  {
    switch kind {
    case .device: .device(Device(keys, metadata: metadata))
    case .deviceModel: .model(DeviceModel(keys, metadata: metadata))
    }
  }

  private mutating func readList(_ node: YAMLNode, _ keys: MappingReader, file: String) {
    _ = keys.node("metadata")
    guard case .sequence(let items)? = keys.node("items")?.content else {
      keys.report("items", expected: "a list of objects")
      isUnclear = true
      return
    }
    keys.finish()
    guard keys.path.isEmpty else {
      keys.report("kind", value: "List", expected: "Device or DeviceModel")
      isUnclear = true
      return
    }
    for (index, item) in items.enumerated() { read(item, path: "items[\(index)]", file: file) }
  }

  private static func report(version: String, _ keys: MappingReader) {
    let isOld = version.hasPrefix("devices.kubeedge.io/")
    keys.report(
      "apiVersion", value: YAMLNode.shortened(version),
      expected: isOld
        ? "\(apiVersion), the only version of devices.kubeedge.io that is supported" : apiVersion)
  }
}
