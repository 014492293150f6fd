// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import KubeAPI

/// The devices that are in force, made out of the files. Belongs to one thread.
struct DeviceSet {
  /// What the consumers have to be told.
  struct Change {
    var removed: [DeviceName] = []
    var changed: [DeviceDescription] = []
  }

  private var inForce: [DeviceName: DeviceDescription] = [:]
  /// Devices of an earlier run. Those that nobody declares go, once all files can be read.
  private var remembered: Set<DeviceName>
  /// Every object that is good, the first of each name, sorted.
  private(set) var objects: [ManifestObject] = []
  private(set) var problems: [ManifestProblem] = []

  init(remembered: [DeviceName]) { self.remembered = Set(remembered) }

  /// Puts the files together anew.
  ///
  /// A device whose manifest is wrong, or waits for its model, stays what it was. While some file cannot be
  /// read, no device goes: it may be declared there.
  /// - Parameter deleted: goes in any case, since somebody asked for it.
  mutating func update(from folder: ManifestFolder, deleted: ObjectKey? = nil) -> Change {
    problems = folder.problem.map { [$0] } ?? []
    for file in folder.files { problems += file.problems }
    let (winners, declared) = collect(folder.files)
    objects = []
    var next: [DeviceName: DeviceDescription] = [:]
    var change = Change()
    var lists = CommonLists<PropertyDescription>()
    for description in inForce.values { _ = lists.common(description.properties, of: description.model) }
    for key in winners.keys.sorted() {
      guard let (object, file) = winners[key] else { continue }
      objects.append(object)
      guard case .device(let device) = object else { continue }
      let name = key.name
      guard var description = resolve(device, winners, file: file) ?? inForce[name] else { continue }
      // The consumers hold the one of before.
      if let known = inForce[name], known == description {
        next[name] = known
        continue
      }
      description.properties = lists.common(description.properties, of: description.model)
      next[name] = description
      change.changed.append(description)
    }
    for name in inForce.keys.sorted() where next[name] == nil {
      let key = ObjectKey(.device, name)
      if key != deleted, declared.contains(key) || folder.isUnclear {
        next[name] = inForce[name]
        if !declared.contains(key) { problems.append(Self.kept(key, folder)) }
      } else {
        change.removed.append(name)
      }
    }
    inForce = next
    remembered.subtract(next.keys)
    remembered.subtract(change.removed)
    change.removed += forget(declared, folder, deleted)
    problems.sort { ($0.file, $0.line) < ($1.file, $1.line) }
    return change
  }

  private typealias Winners = [ObjectKey: (object: ManifestObject, file: String)]

  private mutating func collect(_ files: [ManifestFile]) -> (Winners, declared: Set<ObjectKey>) {
    var winners: Winners = [:]
    var declared: Set<ObjectKey> = []
    for file in files {
      for entry in file.entries {
        declared.insert(entry.key)
        guard let object = entry.object else { continue }
        if let first = winners[entry.key] {
          problems.append(
            ManifestProblem(
              file: file.path, line: entry.line, path: "metadata.name", value: entry.key.description,
              expected: "no second declaration: \(first.file) has it, and counts"))
        } else {
          winners[entry.key] = (object, file.path)
        }
      }
    }
    return (winners, declared)
  }

  private mutating func resolve(_ device: Device, _ winners: Winners, file: String) -> DeviceDescription? {
    guard let key = device.modelKey else { return nil }
    guard case .model(let model)? = winners[key]?.object else {
      problems.append(
        ManifestProblem(
          file: file, line: device.modelLine, path: "spec.deviceModelRef.name", value: device.model,
          expected: "a manifest of this model: \(device.metadata.name) waits for \(key)"))
      return nil
    }
    let resolution = DeviceResolution(device, model: model, file: file)
    problems += resolution.problems
    return resolution.description
  }

  private mutating func forget(
    _ declared: Set<ObjectKey>, _ folder: ManifestFolder, _ deleted: ObjectKey?
  ) -> [DeviceName] {
    if let deleted, deleted.kind == .device, remembered.remove(deleted.name) != nil,
      !declared.contains(deleted), inForce[deleted.name] == nil
    {
      return [deleted.name]
    }
    guard !folder.isUnclear else { return [] }
    defer { remembered = [] }
    return remembered.filter { !declared.contains(ObjectKey(.device, $0)) && inForce[$0] == nil }.sorted()
  }

  private static func kept(_ key: ObjectKey, _ folder: ManifestFolder) -> ManifestProblem {
    let file = folder.problem?.file ?? folder.files.first { $0.isUnclear }?.path ?? folder.path
    return ManifestProblem(
      file: file, line: 0, path: "", value: key.description,
      expected: "a readable text: the device is kept, since it may be declared here")
  }
}
