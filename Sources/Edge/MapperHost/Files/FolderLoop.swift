// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import Threads

/// What the watcher's thread does; all of it belongs to that thread.
struct FolderLoop {
  private let inotify: Inotify
  private let store: SnapshotStore
  private let report: (FolderEvent) -> Void
  private var folders: WatchedFolders
  private var files: [LibraryPlace: TrackedFile] = [:]
  /// How long what is there at the start may still be written before it counts as new.
  private static let firstLookLimit: Int64 = 2_000_000_000
  private static let pollInterval: Int64 = 3_000_000_000
  private var nextPoll: Int64 = 0

  init(folders: [String], inotify: Inotify, store: SnapshotStore, report: @escaping (FolderEvent) -> Void) {
    self.inotify = inotify
    self.store = store
    self.report = report
    self.folders = WatchedFolders(folders: folders, inotify: inotify)
  }

  mutating func run(wakeUp: WakeUp, until stop: StopFlag) {
    // Watched before looked at, so that nothing falls between.
    for folder in folders.folders.indices {
      _ = folders.ensure(folder)
      for place in folders.places(in: folder) { firstLook(at: place) }
    }
    var firstLookEnds: Int64? = WallClock.monotonic + Self.firstLookLimit
    while !stop.isRaised {
      if let end = firstLookEnds, end <= WallClock.monotonic || files.values.allSatisfy({ $0.lookAt == nil })
      {
        firstLookEnds = nil
        report(.firstLookDone)
      }
      var entries = [
        pollfd(fd: inotify.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      poll(&entries, nfds_t(entries.count), timeout())
      if stop.isRaised { return }
      for finding in folders.findings() { handle(finding) }
      let now = WallClock.monotonic
      for (place, file) in files {
        if let time = file.lookAt, time <= now { look(at: place, isClosed: false) }
      }
      if nextPoll <= now { lookWithoutWatch(now: now) }
    }
  }

  /// Folders that cannot be watched (no right, or no watches left) are scanned every few seconds.
  private mutating func lookWithoutWatch(now: Int64) {
    nextPoll = now + Self.pollInterval
    for folder in folders.folders.indices where !folders.isCovered(folder) {
      _ = folders.ensure(folder)
      handle(.rescan(folder: folder))
    }
  }

  private var mustPoll: Bool { folders.folders.indices.contains { !folders.isCovered($0) } }

  /// Milliseconds for `poll`; -1: until something happens.
  private func timeout() -> Int32 {
    let poll = mustPoll ? max(nextPoll, WallClock.monotonic + 100_000_000) : Int64.max
    let next = min(files.values.compactMap(\.lookAt).min() ?? .max, poll)
    guard next < .max else { return -1 }
    return Int32(clamping: max(0, (next - WallClock.monotonic) / 1_000_000 + 1))
  }

  private mutating func handle(_ finding: WatchedFolders.Finding) {
    switch finding {
    case .closed(let place): look(at: place, isClosed: true)
    case .touched(let place): touch(place)
    case .rescan(let folder):
      let known = files.keys.filter { $0.folder == folder }
      for place in Set(folders.places(in: folder)).union(known) { touch(place) }
    }
  }

  private mutating func touch(_ place: LibraryPlace) {
    files[place, default: TrackedFile()].touched(now: WallClock.monotonic)
  }

  /// A file that has not changed lately, or that surely nobody writes, is taken at once: a start does not wait.
  private mutating func firstLook(at place: LibraryPlace) {
    let age = FileStatus(path: place.path).map { WallClock.system.nanoseconds - $0.modified }
    look(at: place, isClosed: true, needsLease: (age ?? 0) < TrackedFile.settleTime)
  }

  private mutating func look(at place: LibraryPlace, isClosed: Bool, needsLease: Bool = false) {
    var file = files[place] ?? TrackedFile()
    let status = FileStatus(path: place.path).flatMap { $0.isRegular ? $0 : nil }
    switch file.look(status, isClosed: isClosed, now: WallClock.monotonic) {
    case .wait: files[place] = file
    case .take(let isStable):
      take(place, &file, isStable: isStable, needsLease: needsLease)
      files[place] = file
    case .vanished(let wasReported):
      files[place] = nil
      if wasReported { report(.removed(place)) }
    }
  }

  private func take(_ place: LibraryPlace, _ file: inout TrackedFile, isStable: Bool, needsLease: Bool) {
    do {
      let source = try OpenFile(path: place.path)
      // Held until the copy is made, where the file system offers it.
      let lease = source.lease()
      guard lease == .held || (lease == .notOffered && !needsLease) else {
        file.postpone(now: WallClock.monotonic)
        return
      }
      let status = try source.status()
      switch try ELFImage.check(source) {
      case .whole:
        let snapshot = try store.take(source)
        guard try source.status() == status, FileStatus(path: place.path) == status else {
          file.postpone(now: WallClock.monotonic)
          return
        }
        file.dealt(with: status)
        report(.found(place, snapshot))
      case .incomplete(let reason), .foreign(let reason):
        guard isStable else {
          file.postpone(now: WallClock.monotonic)
          return
        }
        file.dealt(with: status)
        report(.rejected(place, reason: reason))
      }
    } catch {
      guard isStable else {
        file.postpone(now: WallClock.monotonic)
        return
      }
      file.retryLater(now: WallClock.monotonic)
      report(.rejected(place, reason: error.description))
    }
  }
}
