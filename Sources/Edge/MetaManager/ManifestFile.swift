// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import KubeAPI

/// One file of the folder: what it holds, and what of an earlier version of it is still in force.
struct ManifestFile {
  struct Entry {
    var key: ObjectKey
    var line: Int
    /// Nil: the object is wrong, and no earlier version of it is known.
    var object: ManifestObject?
    /// The object is of an earlier version of the file, since the present one is wrong.
    var isStale: Bool
  }

  let name: String
  /// `folder/name`
  let path: String
  var entries: [Entry] = []
  /// It may hold objects that cannot be seen.
  var isUnclear = false
  /// The system did not let us read it.
  var isUnreadable = false
  var problems: [ManifestProblem] = []
  /// Tells that the file was replaced or written since.
  var signature: FileSignature?

  init(name: String, folder: String) {
    self.name = name
    path = folder + "/" + name
  }

  /// Whether the file holds this object and nothing else.
  func holdsOnly(_ key: ObjectKey) -> Bool { !isUnclear && entries.allSatisfy { $0.key == key } }

  /// Reads the file anew. Objects that are wrong now stay what they were.
  ///
  /// - Returns: how many bytes it had.
  mutating func load() -> Int {
    let before = entries
    entries = []
    problems = []
    isUnclear = false
    isUnreadable = false
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try TextFile.read(path)
    } catch {
      isUnreadable = true
      keep(before, because: "a readable file: \(error.reason)")
      return 0
    }
    // What is left of a file that was not synced before a power cut.
    guard !bytes.isEmpty else {
      keep(before, because: "a manifest; the file is empty (remove it, or leave a comment in it)")
      return 0
    }
    let manifest = Manifest(bytes, file: path)
    problems = manifest.problems + manifest.warnings
    isUnclear = manifest.isUnclear
    for entry in manifest.entries {
      let earlier = before.first { $0.key == entry.key }?.object
      entries.append(
        Entry(
          key: entry.key, line: entry.line, object: entry.object ?? earlier,
          isStale: entry.object == nil && earlier != nil))
    }
    if isUnclear { keepMissing(before) }
    return bytes.count
  }

  /// Lets devices that have equal properties share them.
  mutating func share(_ lists: inout CommonLists<DeviceProperty>) {
    for place in entries.indices {
      guard case .device(var device)? = entries[place].object else { continue }
      device.properties = lists.common(device.properties, of: device.model)
      entries[place].object = .device(device)
    }
  }

  private mutating func keep(_ before: [Entry], because expected: String) {
    problems = [ManifestProblem(file: path, line: 0, path: "", value: "", expected: expected)]
    isUnclear = true
    keepMissing(before)
  }

  private mutating func keepMissing(_ before: [Entry]) {
    for entry in before where !entries.contains(where: { $0.key == entry.key }) {
      var entry = entry
      entry.isStale = true
      entries.append(entry)
    }
  }
}
