// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The inotify watches on the mapper folders and, for one that does not exist, on its nearest ancestor
/// that does.
struct WatchedFolders {
  /// What an event means.
  enum Finding: Equatable {
    /// A file's writer is done with it, or it was moved here.
    case closed(LibraryPlace)
    /// Something else happened to a file, its removal included.
    case touched(LibraryPlace)
    /// The folder came, went or lost events: look at all of it.
    case rescan(folder: Int)
  }

  private struct Watch {
    /// The mapper folder that it is on; nil: an ancestor only.
    var folder: Int?
    /// The mapper folders that are expected below it.
    var expected: Set<Int> = []
  }

  let folders: [String]
  private let inotify: Inotify
  private var watches: [Int32: Watch] = [:]

  private static let onFolder =
    Int32(IN_CREATE) | Int32(IN_CLOSE_WRITE) | Int32(IN_MOVED_TO) | Int32(IN_MOVED_FROM) | Int32(IN_DELETE)
    | Int32(IN_ATTRIB) | Int32(IN_DELETE_SELF) | Int32(IN_MOVE_SELF)
  private static let onAncestor =
    Int32(IN_CREATE) | Int32(IN_MOVED_TO) | Int32(IN_DELETE_SELF) | Int32(IN_MOVE_SELF)

  init(folders: [String], inotify: Inotify) {
    self.folders = folders
    self.inotify = inotify
  }

  /// Watches a folder, or waits for it. True when it exists and was not watched before.
  mutating func ensure(_ folder: Int) -> Bool {
    if watches.values.contains(where: { $0.folder == folder }) { return false }
    stopExpecting(folder)
    // Again after each ancestor's watch is set: the folder may have been made just before.
    while true {
      if let watch = inotify.watch(folders[folder], for: Self.onFolder) {
        watches[watch, default: Watch()].folder = folder
        stopExpecting(folder)
        return true
      }
      var ancestor = Folder.parent(of: folders[folder])
      while !Folder.exists(ancestor), ancestor != "/" { ancestor = Folder.parent(of: ancestor) }
      guard let watch = inotify.watch(ancestor, for: Self.onAncestor) else {
        // Only one that vanished between the two calls is worth another look; the rest, no right or no
        // watches left, is tried again later.
        guard errno == ENOENT || errno == ENOTDIR, ancestor != "/" else { return false }
        continue
      }
      if watches[watch]?.expected.contains(folder) == true { return false }
      watches[watch, default: Watch()].expected.insert(folder)
    }
  }

  /// Whether the kernel tells of the folder, or of the ancestor in which it will appear.
  func isCovered(_ folder: Int) -> Bool {
    watches.values.contains { $0.folder == folder || $0.expected.contains(folder) }
  }

  private mutating func stopExpecting(_ folder: Int) {
    for (number, watch) in watches where watch.expected.contains(folder) {
      watches[number]?.expected.remove(folder)
      if watch.folder == nil, watch.expected == [folder] {
        watches[number] = nil
        inotify.forget(number)
      }
    }
  }

  /// Reads what happened. A folder that has to be scanned again is watched or waited for again first.
  mutating func findings() -> [Finding] {
    var findings: [Finding] = []
    for event in inotify.events() {
      if event.has(Int32(IN_Q_OVERFLOW)) {
        findings += folders.indices.map { .rescan(folder: $0) }
        continue
      }
      guard let watch = watches[event.watch] else { continue }
      if event.has(Int32(IN_DELETE_SELF), Int32(IN_MOVE_SELF), Int32(IN_IGNORED), Int32(IN_UNMOUNT)) {
        watches[event.watch] = nil
        inotify.forget(event.watch)
        if let folder = watch.folder {
          _ = ensure(folder)
          findings.append(.rescan(folder: folder))
        }
        for folder in watch.expected where ensure(folder) { findings.append(.rescan(folder: folder)) }
        continue
      }
      for folder in watch.expected where ensure(folder) { findings.append(.rescan(folder: folder)) }
      guard let folder = watch.folder, let place = place(event.name, in: folder) else { continue }
      let isClosed = event.has(Int32(IN_CLOSE_WRITE), Int32(IN_MOVED_TO))
      findings.append(isClosed ? .closed(place) : .touched(place))
    }
    return findings
  }

  /// The libraries that lie in a folder now.
  func places(in folder: Int) -> [LibraryPlace] {
    let names = (try? Folder.names(in: folders[folder])) ?? []
    return names.compactMap { place($0, in: folder) }
  }

  /// Nil for a file that is not named as a library: `<name>.so`, not hidden.
  private func place(_ name: String, in folder: Int) -> LibraryPlace? {
    guard name.hasSuffix(".so"), name.utf8.count > 3, !name.hasPrefix(".") else { return nil }
    return LibraryPlace(folder: folder, file: name, path: folders[folder] + "/" + name)
  }
}
