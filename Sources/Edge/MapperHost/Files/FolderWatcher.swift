// SPDX-License-Identifier: Apache-2.0
internal import Threads

/// Follows the mapper folders on a thread of its own, and copies each whole library to a snapshot.
final class FolderWatcher: Sendable {
  private let wakeUp: WakeUp
  private let stopFlag: StopFlag
  private let thread: WorkerThread

  /// - Parameters:
  ///   - folders: in order of precedence; one that does not exist is waited for.
  ///   - report: called on the watcher's thread.
  init(
    folders: [String], store: SnapshotStore, report: @escaping @Sendable (FolderEvent) -> Void
  ) throws(FileProblem) {
    let wakeUp = try WakeUp.make()
    let inotify = try Inotify()
    let stopFlag = StopFlag()
    self.wakeUp = wakeUp
    self.stopFlag = stopFlag
    thread = try WorkerThread.start("mapper-folders") {
      var loop = FolderLoop(folders: folders, inotify: inotify, store: store, report: report)
      loop.run(wakeUp: wakeUp, until: stopFlag)
    }
  }

  /// Returns once its thread has ended.
  func stop() {
    stopFlag.raise()
    wakeUp.raise()
    thread.join()
  }
}
