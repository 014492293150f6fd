// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import Glibc
internal import KubeAPI

/// The files of the folder, as they were at the last look. Belongs to one thread.
struct ManifestFolder {
  let path: String
  /// By name, in byte order: where two files declare one object, the first counts.
  private(set) var files: [ManifestFile] = []
  /// Bytes of the files that were read since somebody last asked.
  private var bytesRead = 0
  /// Why the folder could not be listed; then nothing in it counts as gone.
  private(set) var problem: ManifestProblem?

  init(path: String) { self.path = path }

  /// Something may be declared that cannot be seen.
  var isUnclear: Bool { problem != nil || files.contains { $0.isUnclear } }

  /// A later look may do better, though nothing changes on disk.
  var needsAnotherLook: Bool { problem != nil || files.contains { $0.isUnreadable } }

  /// Reads what is new or changed, and forgets what is gone.
  /// - Parameters:
  ///   - changed: read even if they look the same.
  ///   - busy: left as they are for now.
  mutating func scan(changed: Set<String>, busy: Set<String>) {
    let names: [String]
    do throws(FileError) {
      names = try list()
    } catch {
      problem = ManifestProblem(
        file: path, line: 0, path: "", value: "", expected: "a readable folder: \(error.reason)")
      return
    }
    problem = nil
    var before: [String: ManifestFile] = [:]
    for file in files { before[file.name] = file }
    var isChanged = false
    files = names.compactMap { name in
      let known = before[name]
      if busy.contains(name) { return known }
      let signature = FileSignature(path + "/" + name)
      if let known, known.signature == signature, !known.isUnreadable, !changed.contains(name) {
        return known
      }
      // A link that leads nowhere goes on, and is unreadable: what it led to is not known to be gone.
      if signature == nil, FileSignature.isDirectory(path + "/" + name) { return nil }
      var file = known ?? ManifestFile(name: name, folder: path)
      file.signature = signature
      bytesRead += file.load()
      isChanged = true
      return file
    }
    if isChanged { shareLists() }
  }

  private mutating func shareLists() {
    var lists = CommonLists<DeviceProperty>()
    for place in files.indices { files[place].share(&lists) }
  }

  /// Reads these files, which were written or removed just now.
  mutating func reload(_ names: [String]) {
    for name in names {
      let place = files.firstIndex { !$0.name.utf8.lexicographicallyPrecedes(name.utf8) } ?? files.endIndex
      let isKnown = place < files.endIndex && files[place].name == name
      guard let signature = FileSignature(path + "/" + name) else {
        if isKnown { files.remove(at: place) }
        continue
      }
      // What the file held before was replaced on purpose, so nothing of it is kept.
      var file = ManifestFile(name: name, folder: path)
      file.signature = signature
      bytesRead += file.load()
      if isKnown { files[place] = file } else { files.insert(file, at: place) }
    }
    shareLists()
  }

  /// Bytes of the files that were read since the last call.
  mutating func takeBytesRead() -> Int {
    defer { bytesRead = 0 }
    return bytesRead
  }

  /// Removes what a write was interrupted in.
  func removeLeftovers() {
    for name in (try? entries()) ?? [] where name.hasPrefix(".") && name.hasSuffix(AtomicFile.temporarySuffix)
    {
      unlink(path + "/" + name)
    }
  }

  /// The file that an object lives in once it is applied: `device.default.pump-1.yaml`.
  static func canonicalName(of key: ObjectKey) -> String {
    key.kind.rawValue.lowercased() + "." + key.name.namespace + "." + key.name.name + ".yaml"
  }

  static func isManifest(_ name: String) -> Bool {
    !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json"))
  }

  private func list() throws(FileError) -> [String] {
    try entries().filter(Self.isManifest).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func entries() throws(FileError) -> [String] {
    guard let directory = opendir(path) else { throw .last(path) }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        guard errno == 0 else { throw .last(path) }
        return names
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name))
        {
          String(cString: $0)
        }
      }
      names.append(name)
    }
  }
}
