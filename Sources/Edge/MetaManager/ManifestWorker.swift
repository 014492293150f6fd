// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import Glibc
internal import KubeAPI
internal import Logging
internal import Threads

/// What the manifest thread does: it watches, looks, and tells the consumers. Never leaves its thread.
final class ManifestWorker {
  /// After an event the folder is looked at when it was quiet for so long…
  private static let quiet: Int64 = 20_000_000
  /// …but not later than this.
  private static let latest: Int64 = 100_000_000
  /// How often to look where no event can be expected.
  private static let polling: Int64 = 1_000_000_000

  /// The tree of a manifest is ten times its text. After more than this, what that took is given back.
  private static let muchText = 256 << 10
  /// And once more so much later, when the devices are bound and have been read and reported for the first time.
  private static let settling: Int64 = 15_000_000_000

  private let consumers: [any DeviceConsumer]
  private let log: Logger
  /// A file that somebody has open for writing is left alone until it is closed, or was not written to
  /// for so long.
  private let writing: Int64
  private(set) var folder: ManifestFolder
  private var devices = DeviceSet(remembered: [])
  private var loggedProblems: Set<String> = []

  private var watch: FolderWatch?
  private var isPolling = false
  private var firstEvent: Int64?
  private var scanTime: Int64?
  private var giveBackTime: Int64?
  private var changed: Set<String> = []
  private var busy: [String: Int64] = [:]

  /// - Parameter writing: nanoseconds.
  init(folder: String, consumers: [any DeviceConsumer], writing: Int64, log: Logger) {
    self.writing = writing
    self.folder = ManifestFolder(path: folder)
    self.consumers = consumers
    self.log = log
  }

  var objects: [ManifestObject] { devices.objects }
  var problems: [ManifestProblem] { devices.problems }

  /// Makes and watches the folder, and reads it for the first time.
  func open(remembered: [DeviceName]) throws(ManifestError) {
    do throws(FileError) {
      try AtomicFile.makeFolder(folder.path)
    } catch {
      throw .storage("cannot make the folder of manifests: \(error)")
    }
    folder.removeLeftovers()
    devices = DeviceSet(remembered: remembered)
    // Before the first look, so that no change falls between.
    startWatch()
    scan()
  }

  // MARK: - Waiting

  /// Waits for the bell, for events, or until a look is due.
  func wait(_ bell: Bell) {
    var items = [pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)]
    if let watch { items.append(pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)) }
    let next = [scanTime, giveBackTime].compactMap(\.self).min()
    _ = poll(&items, nfds_t(items.count), Deadline.pollTimeout(until: next))
    bell.silence()
    if let giveBackTime, Deadline.now >= giveBackTime {
      self.giveBackTime = nil
      SpareMemory.giveBack()
    }
    takeEvents()
  }

  private func takeEvents() {
    guard let watch else { return }
    let now = Deadline.now
    var isLost = false
    var isNews = false
    for event in watch.take() {
      switch event {
      case .writing(let name):
        guard ManifestFolder.isManifest(name) else { continue }
        busy[name] = now
        changed.insert(name)
      case .changed(let name):
        guard !name.hasSuffix(AtomicFile.temporarySuffix) else { continue }
        busy[name] = nil
        changed.insert(name)
      case .unknown: break
      case .lost: isLost = true
      }
      isNews = true
    }
    guard isNews else { return }
    let first = firstEvent ?? now
    firstEvent = first
    scanTime = min(now + Self.quiet, first + Self.latest)
    if isLost {
      self.watch = nil
      log.warning("the folder of manifests went away", metadata: ["file": "\(folder.path)"])
    }
  }

  private func startWatch() {
    watch = FolderWatch(folder.path)
    if watch == nil, !isPolling {
      log.warning(
        "the folder of manifests cannot be watched; looking every second",
        metadata: ["file": "\(folder.path)", "error": "\(FileError.last(folder.path).reason)"])
    }
    isPolling = watch == nil
  }

  // MARK: - Looking

  /// - Returns: whether it looked.
  func scanIfDue() -> Bool {
    guard let scanTime, Deadline.now >= scanTime else { return false }
    if watch == nil { startWatch() }
    scan()
    return true
  }

  private func scan() {
    refresh()
    tell(devices.update(from: folder))
  }

  /// Brings `folder` up to date.
  private func refresh() {
    let now = Deadline.now
    busy = busy.filter { now - $0.value < writing }
    let stillBusy = Set(busy.keys)
    folder.scan(changed: changed, busy: stillBusy)
    changed.formIntersection(stillBusy)
    firstEvent = nil
    scanTime = busy.values.min().map { $0 + writing }
    if watch == nil || folder.needsAnotherLook {
      scanTime = min(scanTime ?? .max, now + Self.polling)
    }
  }

  private func tell(_ change: DeviceSet.Change) {
    logProblems()
    for name in change.removed {
      log.info("device removed", metadata: ["device": "\(name)"])
      for consumer in consumers { consumer.deviceRemoved(name) }
    }
    for description in change.changed {
      log.info(
        "device declared", metadata: ["device": "\(description.name)", "file": "\(description.origin)"])
      for consumer in consumers { consumer.deviceChanged(description) }
    }
    if folder.takeBytesRead() > Self.muchText {
      SpareMemory.giveBack()
      giveBackTime = Deadline.now + Self.settling
    }
  }

  /// Each once, and again when it comes back after it was gone.
  private func logProblems() {
    let current = Set(devices.problems.map(\.description))
    for problem in devices.problems where !loggedProblems.contains(problem.description) {
      log.warning("manifest: \(problem)", metadata: ["file": "\(problem.file)"])
    }
    loggedProblems = current
  }
}

extension ManifestWorker {
  // MARK: - Changing

  func apply(_ text: String, source: String) -> ManifestReply.Answer {
    let manifest = Manifest(Array(text.utf8), file: source)
    // Against the disk as it is now, not as it was at the last event.
    scan()
    do throws(ManifestError) {
      let plan = try ManifestPlan(manifest, source: source, folder: folder, objects: devices.objects)
      if !plan.files.isEmpty {
        try writing { () throws(FileError) in try AtomicFile.replace(plan.files, in: folder.path) }
        folder.reload(plan.files.map(\.name))
        tell(devices.update(from: folder))
      }
      return .success(plan.changes)
    } catch {
      return .failure(error)
    }
  }

  func delete(_ key: ObjectKey) -> ManifestReply.Answer {
    scan()
    let holders = folder.files.filter { file in file.entries.contains { $0.key == key } }
    guard !holders.isEmpty else { return .failure(.notFound(key.description)) }
    do throws(ManifestError) {
      for file in holders { try ManifestPlan.check(file, holdsOnly: key) }
      let names = holders.map(\.name)
      try writing { () throws(FileError) in try AtomicFile.remove(names, in: folder.path) }
      folder.reload(names)
      tell(devices.update(from: folder, deleted: key))
      return .success([ManifestPlan.change(key, .deleted)])
    } catch {
      return .failure(error)
    }
  }

  private func writing(_ work: () throws(FileError) -> Void) throws(ManifestError) {
    do throws(FileError) {
      try work()
    } catch {
      // Part of it may have happened.
      scan()
      throw .storage(error.description)
    }
  }
}
