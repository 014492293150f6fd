// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import Store

/// Opening the file, keeping it within its bounds, and setting it aside when it is damaged.
extension HistoryWorker {
  func open() {
    do {
      file = try HistoryFile(path: core.options.path)
    } catch {
      failed(error, doing: "opening")
    }
  }

  /// Gives up what is too old and what is too much.
  func keepBounds() {
    guard let file else { return }
    do throws(SQLiteError) {
      var removed = try removeOld(file)
      for (id, property) in file.properties where property.bytes > core.options.maximumPropertyBytes {
        // A tenth more than it must, so that this is not done for every block.
        removed += try file.shrink(id, to: core.options.maximumPropertyBytes / 10 * 9)
      }
      // In bites: what is left when the bound was lowered is done the next times.
      var bites = 512
      while bites > 0, try file.bytesInUse() > core.options.maximumBytes {
        let some = try file.removeOldestBlocks(Self.removedAtOnce)
        removed += some
        bites = some == 0 ? 0 : bites - 1
      }
      counts.blocksDeleted += UInt64(removed)
    } catch {
      failed(error, doing: "giving up old blocks")
    }
  }

  /// In ten times the pace at which blocks grow old, and no faster: a clock that is years ahead for an hour
  /// so costs ten hours and not everything.
  private func removeOld(_ file: HistoryFile) throws(SQLiteError) -> Int {
    let now = WallClock.monotonic
    let share = Double(now - lastExpiry) / 1e6 / Double(max(core.options.retention, 1)) * 10
    let limit = Int((Double(file.blocks) * share).rounded(.up))
    // So short a time since the last look that not even one block would be due.
    guard Double(file.blocks) * share >= 1 else { return 0 }
    lastExpiry = now
    return try file.removeBlocks(
      before: core.clock.milliseconds &- core.options.retention, limit: min(limit, 4096))
  }

  /// A file that SQLite cannot read is moved away, never deleted, and a new one is begun.
  func setAsideIfDamaged(_ error: SQLiteError) {
    switch error.code {
    case .corrupt, .notADatabase: break
    default: return
    }
    // What is open in memory is written whole when it is full.
    let wasOpen = file != nil
    file = nil
    let path = core.options.path
    let aside = "\(path).damaged-\(core.clock.milliseconds)"
    guard rename(path, aside) == 0 else { return }
    for end in ["-wal", "-shm"] { rename(path + end, aside + end) }
    do {
      let new = try HistoryFile(path: path)
      file = new
      let saved = HistorySalvage(path: aside)?.copy(to: new, withOpen: !wasOpen) ?? 0
      counts.problem = ""
      log.error(
        "the history file was damaged and is set aside; what could be read of it is in a new one",
        metadata: ["path": "\(aside)", "blocks": "\(saved)", "error": "\(error)"])
    } catch {
      counts.problem = "opening: \(error)"
    }
  }
}
