// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import Threads

/// Which libraries run and which device is bound where: the host's own thread, on which all of this lives.
///
/// A device's feed is called by one thread at a time: by the threads of the engine that drives it from `open` until
/// `closed`, `detached` or `ended`, and by this thread at all other times.
final class HostControl {
  private(set) var options: MapperHostOptions
  let store: SnapshotStore
  let directory: any DeviceFeedDirectory
  let inbox: HostInbox
  let board: ReportBoard
  let offers: OfferBoard
  let log: Logger

  var libraries: [LibraryPlace: Library] = [:]
  /// The places of `libraries`, in the order of precedence.
  var places: [LibraryPlace] = []
  /// All that have or had a process and are not done with, by number.
  var runners: [Int: Runner] = [:]
  var lastRunner = 0
  var devices: [DeviceName: DeviceEntry] = [:]
  /// Devices to look at again by themselves, and when (monotonic nanoseconds).
  var wakeTimes: [DeviceName: Int64] = [:]
  var firstLookIsDone = false
  var isStopping = false
  /// What the API shows has changed.
  var reportsAreStale = true

  init(
    options: MapperHostOptions, store: SnapshotStore, directory: any DeviceFeedDirectory, inbox: HostInbox,
    board: ReportBoard, offers: OfferBoard, log: Logger
  ) {
    self.options = options
    self.store = store
    self.offers = offers
    self.directory = directory
    self.inbox = inbox
    self.board = board
    self.log = log
  }

  /// Returns once everything that it started has ended.
  func run(_ watcher: FolderWatcher) {
    while !isStopping {
      wait(until: nextTime)
      let content = inbox.take()
      isStopping = content.isStopping
      handle(content)
      if !isStopping { checkTimes() }
      publishReports()
    }
    watcher.stop()
    stopRunners()
    for name in devices.keys { letGo(name, reason: "the agent is stopping") }
    publishReports()
  }

  private func handle(_ content: HostInbox.Content) {
    for (name, description) in content.devices { deviceChanged(name, description) }
    for event in content.events {
      switch event {
      case .folder(let event): handle(event)
      case .limits(let limits): options.limits = limits
      case .runner(let number, let generation, let event):
        guard let runner = runners[number], runner.generation == generation else { continue }
        handle(event, of: runner)
      }
    }
  }

  private func wait(until time: Int64) {
    var entry = pollfd(fd: inbox.wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
    let left = time == .max ? -1 : max(0, (time - WallClock.monotonic) / 1_000_000 + 1)
    poll(&entry, 1, Int32(clamping: left))
  }

  private var nextTime: Int64 {
    var next = wakeTimes.values.min() ?? .max
    for runner in runners.values {
      if case .waiting(let time) = runner.supervision.state { next = min(next, time) }
    }
    return next
  }

  private func checkTimes() {
    let now = WallClock.monotonic
    for runner in runners.values {
      if case .start = runner.supervision.timeCame(now: now) { startEngine(runner) }
    }
    for (name, time) in wakeTimes where time <= now {
      wakeTimes[name] = nil
      timeCame(for: name, now: now)
    }
  }

  /// Asks all runners to end and waits until they have, or for so long that they cannot be helped.
  private func stopRunners() {
    for runner in runners.values { retire(runner) }
    let deadline = WallClock.monotonic + options.readerLimits.stop + 1_500_000_000
    while runners.values.contains(where: { $0.link != nil }) {
      guard WallClock.monotonic < deadline else {
        log.error("a mapper's runner does not die", metadata: ["count": "\(runners.count)"])
        return
      }
      wait(until: deadline)
      handle(inbox.take())
    }
  }
}
