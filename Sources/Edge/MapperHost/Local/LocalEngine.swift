// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import MapperEngine
internal import Threads

/// The thread of one engine in this process: it gives the engine its commands, keeps the times of what waits, and looks
/// for calls that hang.
///
/// What a process of its own gives cannot be had here: a driver that crashes takes the agent down, and a call that does
/// not come back cannot be ended. Such a call costs its line: the devices on it are offline, and say why, until it
/// comes back or the agent starts anew; other lines go on.
///
/// Sound as `@unchecked Sendable`: made by one thread, which hands it to its own and uses it no more.
struct LocalEngine: @unchecked Sendable {
  /// What drivers get to let go of their devices at the end.
  private static let stopLimit = Duration.seconds(2)

  private let link: LocalLink
  private let desk: SessionDesk
  private let engine: Engine
  private let board: CallBoard
  private let limits: RunnerReader.Limits
  private let log: Logger
  private let report: @Sendable (RunnerEvent) -> Void

  private var hasLoaded = false
  private var isStopping = false
  /// When loading or stopping has taken too long; nil: neither goes on.
  private var giveUpAt: Int64?
  private var hangs = HangWatch()
  /// The calls that hang, each with its words.
  private var known: [(hang: HangWatch.Hang, text: String)] = []

  init(
    link: LocalLink, limits: RunnerReader.Limits, log: Logger,
    report: @escaping @Sendable (RunnerEvent) -> Void
  ) throws(FileProblem) {
    self.link = link
    self.limits = limits
    self.log = log
    self.report = report
    board = try CallBoard()
    desk = SessionDesk(waiting: link.waiting, report: report)
    engine = Engine(sink: LocalSink(desk: desk, link: link, log: log), board: board.pointer)
  }

  /// Returns once `ended` was reported. The library stays mapped.
  mutating func run(_ library: String) {
    giveUpAt = WallClock.monotonic + limits.load
    load(library)
    var end: RunnerEnd?
    while end == nil {
      wait()
      let (errands, answer, hasStopped) = link.take()
      if let answer { end = take(answer) }
      for errand in errands { obey(errand) }
      if let hasStopped { end = stopped(inTime: hasStopped) }
      end = end ?? checkTimes()
    }
    guard let end else { return }
    desk.leaveAll()
    link.shut(end.reason)
    report(.ended(end))
  }

  private func wait() {
    var next = link.waiting.patience.map { WallClock.monotonic + $0 } ?? Int64.max
    if let giveUpAt { next = min(next, giveUpAt) }
    if hasLoaded, !isStopping { next = min(next, hangs.nextLook) }
    var entry = pollfd(fd: link.wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
    let left = next == .max ? -1 : max(0, (next - WallClock.monotonic) / 1_000_000 + 1)
    poll(&entry, 1, Int32(clamping: left))
  }

  // MARK: - Load and stop

  /// On a thread of its own: a library may hang in loading although it did not in the runner that tried it.
  private func load(_ library: String) {
    do throws(WorkerThread.StartError) {
      _ = try WorkerThread("mapper-load", stackBytes: 8 << 20) { [engine, board] in
        _ = board.noting { engine.load(library) }
        unlink(library)
      }
    } catch {
      unlink(library)
      link.answer(.notStarted(error.description))
    }
  }

  private mutating func take(_ answer: LocalLink.LoadAnswer) -> RunnerEnd? {
    switch answer {
    case .loaded(let library):
      hasLoaded = true
      if isStopping { stopEngine() } else { giveUpAt = nil }
      report(.loaded(library))
      return nil
    case .refused(let reason): return RunnerEnd(kind: .refused, reason: reason)
    case .notStarted(let reason): return RunnerEnd(kind: .notStarted, reason: reason)
    }
  }

  private func stopEngine() {
    do throws(WorkerThread.StartError) {
      _ = try WorkerThread("mapper-stop", stackBytes: 8 << 20) { [engine, board, link] in
        link.stopped(inTime: board.noting { engine.stop(within: Self.stopLimit) })
      }
    } catch {
      link.stopped(inTime: false)
    }
  }

  private func stopped(inTime: Bool) -> RunnerEnd {
    guard inTime else { return stuck }
    // None of the engine's threads is left that could note a call.
    board.unmap()
    return RunnerEnd(kind: .stopped, reason: "it was stopped", isClean: true)
  }

  private var stuck: RunnerEnd {
    RunnerEnd(kind: .stopped, reason: "a driver did not come back to stop; its threads are left behind")
  }

  private mutating func checkTimes() -> RunnerEnd? {
    let now = WallClock.monotonic
    for request in link.waiting.expire(now: now) { engine.handle(.cancel(request: request)) }
    if hasLoaded, !isStopping { lookForHangs(now: now) }
    guard let time = giveUpAt, time <= now else { return nil }
    if isStopping { return stuck }
    return RunnerEnd(
      kind: .refused, reason: "the library was not loaded in process within \(limits.load / 1_000_000) ms")
  }

  // MARK: - Errands

  private mutating func obey(_ errand: LocalLink.Errand) {
    switch errand {
    case .command(let command): if hasLoaded, !isStopping { engine.handle(command) }
    case .order(.open(let session, let binding, let feed)):
      desk.open(session, feed)
      engine.handle(.bind(binding))
    case .order(.refeed(let session, let feed)): desk.refeed(session, feed)
    case .order(.close(let session)): engine.handle(.unbind(session: session.id))
    case .order(.leave(let session)): desk.leave(session)
    case .order(.stop):
      guard !isStopping else { return }
      isStopping = true
      giveUpAt = WallClock.monotonic + limits.stop
      if hasLoaded { stopEngine() }
    }
  }

  // MARK: - Hangs

  private mutating func lookForHangs(now: Int64) {
    guard
      let found = hangs.look(
        at: board.pointer, now: now, limit: { [desk] in desk[$0]?.session.callLimit },
        device: { [desk] in desk.device(of: $0) })
    else { return }
    let before = known
    known = found.map { hang in
      before.first { $0.hang == hang } ?? (hang, Self.text(hang, now: now))
    }
    if !known.isEmpty || !before.isEmpty { tellDevices(now: now) }
    guard found != before.map(\.hang) else { return }
    for (hang, text) in known where !before.contains(where: { $0.hang == hang }) {
      log.error(
        "\(text); in process a call cannot be ended: its line is lost until it comes back or the agent starts anew"
      )
    }
    for (hang, _) in before where !found.contains(hang) {
      log.notice("\(hang.call) came back after \((now - hang.start) / 1_000_000) ms")
    }
    report(.hung(known.map(\.text)))
  }

  /// "hung: read of default/pump-1 since 2026-11-24T10:00:00Z".
  private static func text(_ hang: HangWatch.Hang, now: Int64) -> String {
    "hung: \(hang.call) since \(RFC3339.text(WallClock.system.nanoseconds - (now - hang.start)))"
  }

  /// The devices of a line that hangs are offline; so is one that waits to be bound, since its line is not known.
  private func tellDevices(now: Int64) {
    let lines = known.map {
      (session: $0.hang.session, lane: desk[$0.hang.session]?.lane ?? 0, text: $0.text)
    }
    for entry in desk.all {
      let lane = entry.lane
      let waits = !entry.isBound && now - entry.openTime > entry.session.callLimit + HangWatch.grace
      let line = lines.first { $0.session == entry.session.id || (lane != 0 && lane == $0.lane) || waits }
      entry.hangs(line?.text)
    }
  }
}
