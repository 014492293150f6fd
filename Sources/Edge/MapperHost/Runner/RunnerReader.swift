// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import MapperEngine
internal import Threads

/// The thread of one runner process: reads its frames and hands samples and links to the twins at once,
/// sends what waits, takes what it prints, and explains its end.
///
/// All of it belongs to that thread, which is also the only one that touches the feeds of its sessions.
struct RunnerReader {
  struct Limits: Sendable {
    /// From the start of the process to its first word about the library.
    var load: Int64 = 10_000_000_000
    /// From `stop` to SIGKILL. The runner itself gives drivers two seconds, and it blocks SIGTERM.
    var stop: Int64 = 2_500_000_000
    /// From the end of its socket to SIGKILL.
    var end: Int64 = 500_000_000
  }

  private let process: RunnerProcess
  private let link: RunnerLink
  private let limits: Limits
  private let log: Logger
  private let report: (RunnerEvent) -> Void

  var sessions = SessionTable()
  private var samples: [Sample] = []
  private var lines = LogLines()
  private var hasLoaded = false
  private var refusal: String?
  private var isStopping = false
  private var socketIsOpen = true
  private var outputIsOpen = true
  /// Why the runner is killed, and when it is; nil: it lives.
  private var verdict: String?
  private var killAt: Int64?
  private var startTime = WallClock.monotonic
  private var hangs = HangWatch()

  init(
    process: RunnerProcess, link: RunnerLink, limits: Limits, log: Logger,
    report: @escaping (RunnerEvent) -> Void
  ) {
    self.process = process
    self.link = link
    self.limits = limits
    self.log = log
    self.report = report
    killAt = startTime + limits.load
  }

  /// Returns once the process is reaped; `ended` was reported then.
  mutating func run() {
    var input = FrameInput(descriptor: link.descriptor, capacity: 256 << 10)
    var status: Int32?
    var entries = [link.descriptor, link.wakeUp.descriptor, process.output, process.watch].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    while status == nil {
      entries[0].events = socketEvents
      if !socketIsOpen { entries[0].fd = -1 }
      if !outputIsOpen { entries[2].fd = -1 }
      // An interrupted poll leaves what an earlier one found.
      guard poll(&entries, nfds_t(entries.count), timeout()) >= 0 else { continue }
      if entries[0].revents & Int16(POLLOUT) != 0 { link.flush() }
      if entries[0].revents & ~Int16(POLLOUT) != 0 { readFrames(&input) }
      if entries[1].revents != 0 { obey() }
      if entries[2].revents != 0 { readOutput() }
      if entries[3].revents != 0 || process.watch < 0 { status = end(&input) }
      checkTimes()
    }
    finish(status ?? 0)
  }

  private var socketEvents: Int16 { Int16(link.hasBacklog ? POLLIN | POLLOUT : POLLIN) }

  /// Milliseconds for `poll`; -1: until something happens.
  private func timeout() -> Int32 {
    var next = link.hasPendingWrites ? WallClock.monotonic + 1_000_000_000 : Int64.max
    if let killAt { next = min(next, killAt) }
    if watchesForHangs { next = min(next, hangs.nextLook) }
    // Without a descriptor that tells of the end it is looked for.
    if process.watch < 0 { next = min(next, WallClock.monotonic + 100_000_000) }
    guard next < .max else { return -1 }
    return Int32(clamping: max(0, (next - WallClock.monotonic) / 1_000_000 + 1))
  }

  private mutating func checkTimes() {
    let now = WallClock.monotonic
    if link.hasPendingWrites { link.expire(now: now) }
    if watchesForHangs,
      let reason = hangs.look(
        at: process.board, now: now, limit: { sessions[$0]?.session.callLimit },
        device: { sessions.device(of: $0) })
    {
      kill(reason)
    }
    guard let time = killAt, time <= now else { return }
    if !hasLoaded, refusal == nil, !isStopping, socketIsOpen {
      kill("the library was not loaded within \(limits.load / 1_000_000) ms")
    } else {
      if !isStopping, refusal == nil { verdict = "it closed its socket but did not end; it was killed" }
      process.kill()
      killAt = nil
    }
  }

  /// While a runner stops it has a limit of its own.
  private var watchesForHangs: Bool { hasLoaded && !isStopping && verdict == nil && !sessions.isEmpty }

  /// Ends the runner for a reason that its own end would not tell.
  private mutating func kill(_ reason: String) {
    guard verdict == nil else { return }
    verdict = reason
    killAt = nil
    socketIsOpen = false
    process.kill()
  }

  // MARK: - Frames

  private mutating func readFrames(_ input: inout FrameInput) {
    guard input.fill() else {
      socketIsOpen = false
      if verdict == nil { killAt = WallClock.monotonic + limits.end }
      return
    }
    do throws(Frame.Malformed) {
      while verdict == nil {
        let frame: Void? = try input.next { (frame, header) throws(Frame.Malformed) in
          try handle(frame, header)
        }
        if frame == nil { return }
      }
    } catch {
      kill("\(error); it was killed")
    }
  }

  private mutating func handle(_ frame: UnsafeRawBufferPointer, _ header: Frame.Header) throws(Frame
    .Malformed)
  {
    guard header.kind == Frame.Kind.samples.rawValue else {
      handle(try EngineEvent(frame: frame, header: header))
      return
    }
    guard let entry = sessions[header.session], entry.isFed else { return }
    let arrival = try SampleFrame.decode(
      frame, header: header, mapping: entry.session.mapping, into: &samples)
    if !samples.isEmpty { entry.feed.receive(samples, arrival: arrival) }
  }

  private mutating func handle(_ event: EngineEvent) {
    switch event {
    case .loaded(let library):
      guard !hasLoaded, refusal == nil else { return kill("malformed frame: loaded twice; it was killed") }
      hasLoaded = true
      if !isStopping { killAt = nil }
      report(.loaded(library))
    case .refused(let reason):
      guard !hasLoaded, refusal == nil else {
        return kill("malformed frame: refused after loaded; it was killed")
      }
      refusal = reason
      killAt = WallClock.monotonic + limits.end
    case .bound(let outcome): bound(outcome)
    case .unbound(let session):
      guard let entry = sessions[session], !entry.isFed else { return }
      sessions[session] = nil
      report(.closed(entry.session))
    case .link(let session, let state, let status, let reason):
      guard var entry = sessions[session], entry.isFed else { return }
      entry.link = (state, reason.isEmpty && !status.isOK ? "\(status)" : reason)
      sessions[session] = entry
      entry.feed.linkChanged(
        to: entry.link.state, reason: entry.link.reason, at: WallClock.system.nanoseconds)
    case .written(let session, let request, let items): link.finish(request: request, session: session, items)
    case .counters(let counters): link.counters.set(counters)
    case .log(let session, let level, let text): logLine(session: session, level: level, text)
    }
  }

  private mutating func bound(_ outcome: BindOutcome) {
    guard var entry = sessions[outcome.session], !entry.isBound else { return }
    let session = entry.session
    guard outcome.status.isOK else {
      sessions[outcome.session] = nil
      // Asked to end before: it has ended, and nobody waits for the outcome.
      report(entry.isFed ? .bound(session, outcome) : .closed(session))
      return
    }
    entry.isBound = true
    sessions[outcome.session] = entry
    guard entry.isFed else { return }
    entry.feed.linkChanged(to: entry.link.state, reason: entry.link.reason, at: WallClock.system.nanoseconds)
    let refused = outcome.refusedPoints.compactMap { item -> Sample? in
      guard session.mapping.indices.contains(Int(item.point)) else { return nil }
      return Sample(
        property: session.mapping[Int(item.point)].property,
        failure: SampleFailure(status: item.status, text: item.text))
    }
    if !refused.isEmpty { entry.feed.receive(refused, arrival: WallClock.system.nanoseconds) }
    entry.feed.attach(session)
    report(.bound(session, outcome))
  }

  private func logLine(session: UInt32, level: LogLevel, _ text: String) {
    var metadata: Logger.Metadata = [:]
    if let device = sessions.device(of: session) { metadata["device"] = "\(device)" }
    let level: Logger.Level =
      switch level {
      case .error: .error
      case .warning: .warning
      case .info: .info
      case .debug: .debug
      }
    log.log(level: level, "\(text)", metadata: metadata)
  }

  // MARK: - Orders

  private mutating func obey() {
    link.wakeUp.clear()
    for order in link.takeOrders() {
      switch order {
      case .open(let session, let binding, let feed):
        sessions[session.id] = SessionTable.Entry(session: session, feed: feed)
        link.send(.bind(binding))
      case .refeed(let session, let feed):
        guard var entry = sessions[session.id], entry.isFed else { continue }
        entry.feed = feed
        sessions[session.id] = entry
        guard entry.isBound else { continue }
        feed.attach(session)
        feed.linkChanged(to: entry.link.state, reason: entry.link.reason, at: WallClock.system.nanoseconds)
      case .close(let session):
        guard var entry = sessions[session.id], entry.isFed else { continue }
        entry.isFed = false
        sessions[session.id] = entry
        link.send(.unbind(session: session.id))
        link.abandon(session, "the device is being bound anew")
        report(.detached(session))
      case .stop:
        guard !isStopping else { continue }
        isStopping = true
        killAt = WallClock.monotonic + limits.stop
        link.send(.stop)
      }
    }
  }

  // MARK: - Output

  private mutating func readOutput() {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      let count = read(process.output, buffer.baseAddress, buffer.count)
      if count > 0 {
        let now = WallClock.monotonic
        lines.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]), now: now) { log.notice("\($0)") }
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        outputIsOpen = false
      }
    }
  }

  // MARK: - End

  /// Takes the last words of a process that has ended, and reaps it. Nil when it has not.
  private mutating func end(_ input: inout FrameInput) -> Int32? {
    if process.watch < 0, let status = process.reap(within: 0) { return status }
    guard process.watch >= 0 else { return nil }
    // What it started must not outlive it, and may print for ever. Before it is reaped, while its number is still its
    // own.
    process.kill()
    while socketIsOpen, isReadable(link.descriptor) { readFrames(&input) }
    for _ in 0..<64 where outputIsOpen && isReadable(process.output) { readOutput() }
    lines.finish(now: WallClock.monotonic) { log.notice("\($0)") }
    return process.reap(within: 1000)
  }

  private func isReadable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) > 0 && entry.revents != 0
  }

  private mutating func finish(_ status: Int32) {
    let end = conclusion(status)
    link.shut(end.reason)
    report(.ended(end))
  }

  private func conclusion(_ status: Int32) -> RunnerEnd {
    if let refusal { return RunnerEnd(kind: .refused, reason: refusal) }
    let isGone = ProcessEnd(waitStatus: status, board: process.board)
    let kind: RunnerEnd.Kind = isStopping ? .stopped : hasLoaded ? .failed : .failedToLoad
    if let verdict { return RunnerEnd(kind: kind, reason: verdict) }
    return RunnerEnd(kind: kind, reason: isGone.text { sessions.device(of: $0) })
  }
}
