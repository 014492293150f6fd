// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import JSON
internal import KubeAPI

/// Which files have to be written so that the objects of a text are declared; nothing is written by it.
struct ManifestPlan {
  private(set) var files: [(name: String, text: String)] = []
  private(set) var changes: [ManifestChange] = []

  /// - Parameters:
  ///   - folder: as it is on disk.
  ///   - objects: in force now.
  init(
    _ manifest: Manifest, source: String, folder: ManifestFolder, objects: [ManifestObject]
  ) throws(ManifestError) {
    if let problem = folder.problem { throw .storage(problem.description) }
    let new = try Self.objects(of: manifest, source: source)
    try Self.checkDevices(new, objects, source: source)
    for object in new { try add(object, folder) }
  }

  private static func objects(of manifest: Manifest, source: String) throws(ManifestError) -> [ManifestObject]
  {
    var problems = manifest.problems
    if manifest.entries.isEmpty, problems.isEmpty {
      problems.append(
        ManifestProblem(
          file: source, line: 0, path: "", value: "", expected: "a Device or a DeviceModel; there is none"))
    }
    var seen: [ObjectKey: Int] = [:]
    for entry in manifest.entries {
      if let line = seen.updateValue(entry.line, forKey: entry.key) {
        problems.append(
          ManifestProblem(
            file: source, line: entry.line, path: "metadata.name", value: entry.key.description,
            expected: "no second declaration: line \(line) has it"))
      }
    }
    guard problems.isEmpty else { throw .invalid(problems) }
    return manifest.entries.compactMap(\.object)
  }

  /// Devices whose model is known are checked against it. One whose model is not waits for it.
  private static func checkDevices(
    _ new: [ManifestObject], _ old: [ManifestObject], source: String
  ) throws(ManifestError) {
    var models: [ObjectKey: DeviceModel] = [:]
    for case .model(let model) in old + new { models[ObjectKey(.deviceModel, model.metadata.name)] = model }
    var problems: [ManifestProblem] = []
    for case .device(let device) in new {
      guard let model = device.modelKey.flatMap({ models[$0] }) else { continue }
      problems += DeviceResolution(device, model: model, file: source).problems
    }
    guard problems.isEmpty else { throw .invalid(problems) }
  }

  private mutating func add(_ object: ManifestObject, _ folder: ManifestFolder) throws(ManifestError) {
    let key = object.key
    let holder = folder.files.first { file in file.entries.contains { $0.key == key } }
    let json = object.json
    if let entry = holder?.entries.first(where: { $0.key == key }), !entry.isStale,
      let old = entry.object, old.json.sortedByName == json.sortedByName
    {
      changes.append(Self.change(key, .unchanged))
      return
    }
    let canonical = ManifestFolder.canonicalName(of: key)
    if let file = holder ?? folder.files.first(where: { $0.name == canonical }) {
      try Self.check(file, holdsOnly: key)
    }
    let name = holder?.name ?? canonical
    files.append((name, name.hasSuffix(".json") ? json.text + "\n" : YAMLWriter.text(of: json)))
    changes.append(Self.change(key, holder == nil ? .created : .configured))
  }

  /// A file may be rewritten or removed for an object that it holds alone. A broken file may hold anything,
  /// unless its name says that it is the object's own.
  static func check(_ file: ManifestFile, holdsOnly key: ObjectKey) throws(ManifestError) {
    let others = file.entries.map(\.key).filter { $0 != key }
    guard others.isEmpty, file.entries.count <= 1 else {
      throw .shared(file: file.path, objects: file.entries.map(\.key.description))
    }
    if file.isUnclear, file.name != ManifestFolder.canonicalName(of: key) { throw .invalid(file.problems) }
  }

  static func change(_ key: ObjectKey, _ outcome: ManifestChange.Outcome) -> ManifestChange {
    ManifestChange(
      kind: key.kind.rawValue, namespace: key.name.namespace, name: key.name.name, outcome: outcome)
  }
}

extension JSON {
  /// The same with the members of every object sorted: the order of keys is no difference.
  fileprivate var sortedByName: JSON {
    switch self {
    case .array(let elements): .array(elements.map(\.sortedByName))
    case .object(let members):
      .object(
        Members(
          members.map { Members.Member(name: $0.name, value: $0.value.sortedByName) }
            .sorted { $0.name < $1.name }))
    default: self
    }
  }
}
