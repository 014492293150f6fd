// SPDX-License-Identifier: Apache-2.0
internal import Beehive
internal import CSpawn
package import Config
package import DeviceAPI
internal import Glibc
package import Logging
internal import Synchronization
internal import Threads

/// Runs mapper libraries, each in a process of its own or in this one, and binds this node's devices to their drivers.
///
/// Libraries, devices and their models may come in any order, before and after `start`: a device comes alive
/// when the last of what it needs has arrived.
package final class MapperHost: Module, DeviceConsumer, MapperDirectory {
  package struct StartError: Error, CustomStringConvertible {
    package let description: String
  }

  package let name = "mapperHost"

  private let options: MapperHostOptions
  private let directory: any DeviceFeedDirectory
  let log: Logger
  let offers = OfferBoard()
  private let inbox: HostInbox
  private let board = ReportBoard()
  private let thread = Mutex<WorkerThread?>(nil)

  /// - Parameter directory: where the twins of devices are found. Their feeds are called from threads of the
  ///   host, one at a time for each device.
  package init(options: MapperHostOptions, directory: any DeviceFeedDirectory, log: Logger) throws(StartError)
  {
    self.options = options
    self.directory = directory
    self.log = log
    do throws(FileProblem) {
      inbox = try HostInbox()
    } catch {
      throw StartError(description: error.description)
    }
  }

  package func start() async throws {
    do throws(FileProblem) {
      guard access(options.runner, X_OK) == 0 else {
        throw FileProblem("cannot run \(options.runner)", code: errno)
      }
      try RunnerLimits.check(options.limits)
      if options.adoptsOrphans { _ = child_adopt_orphans() }
      let store = SnapshotStore(folder: options.snapshots)
      try store.prepare()
      if let first = options.folders.first, !Folder.exists(first) {
        do throws(FileProblem) {
          try Folder.create(first, mode: 0o755)
        } catch {
          log.warning("\(error); it is waited for", metadata: ["module": "mapperHost"])
        }
      }
      let watcher = try FolderWatcher(folders: options.folders, store: store) { [inbox] event in
        inbox.post(.folder(event))
      }
      do throws(FileProblem) {
        let thread = try WorkerThread.start("mapper-host") {
          [options, directory, inbox, board, offers, log] in
          HostControl(
            options: options, store: store, directory: directory, inbox: inbox, board: board, offers: offers,
            log: log
          ).run(watcher)
        }
        self.thread.withLock { $0 = thread }
      } catch {
        watcher.stop()
        throw error
      }
    } catch {
      throw StartError(description: error.description)
    }
  }

  /// Ends all runners: at most about four seconds, in which drivers close their devices. No process is left; a driver
  /// in process that does not come back keeps its threads.
  package func stop() async {
    inbox.stop()
    let thread = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    guard let thread else { return }
    await withCheckedContinuation { continuation in
      // Joining blocks, and the pool's threads must not.
      let joiner = try? WorkerThread("mapper-stop") {
        thread.join()
        continuation.resume()
      }
      if joiner == nil { continuation.resume() }
    }
  }

  package func deviceChanged(_ device: DeviceDescription) { inbox.post(device.name, device) }

  package func deviceRemoved(_ name: DeviceName) { inbox.post(name, nil) }

  /// Has runners that start from now on keep other limits; those that run keep theirs.
  ///
  /// - Throws: when they cannot be kept here, with nothing changed: a user that is not known, say.
  package func use(_ limits: MapperLimitsConfiguration) throws(StartError) {
    do throws(FileProblem) {
      try RunnerLimits.check(limits)
    } catch {
      throw StartError(description: error.description)
    }
    inbox.post(.limits(limits))
  }

  /// Waits up to 200 ms when the counters shown are older than a second.
  package func mappers() -> [MapperReport] { board.read() }
}
