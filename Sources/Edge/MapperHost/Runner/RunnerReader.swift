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
  private let report: @Sendable (RunnerEvent) -> Void

  private let desk: SessionDesk
  private var samples: [Sample] = []
  private var lines = LogLines()
  /// Of frames: the engine holds its library to the usual number, so a whole runner never comes near this one.
  private var frames = LogLines(factor: 2)
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
  private var watch: RunnerWatch

  init(
    process: RunnerProcess, link: RunnerLink, limits: Limits, log: Logger,
    report: @escaping @Sendable (RunnerEvent) -> Void
  ) {
    self.process = process
    self.link = link
    self.limits = limits
    self.log = log
    self.report = report
    desk = SessionDesk(waiting: link.waiting, report: report)
    watch = RunnerWatch(process: process.id, limits: process.limits, now: startTime)
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
    var next = link.waiting.patience.map { WallClock.monotonic + $0 } ?? Int64.max
    if let killAt { next = min(next, killAt) }
    if watchesForHangs { next = min(next, hangs.nextLook) }
    if verdict == nil { next = min(next, watch.nextLook) }
    // Without a descriptor that tells of the end it is looked for.
    if process.watch < 0 { next = min(next, WallClock.monotonic + 100_000_000) }
    guard next < .max else { return -1 }
    return Int32(clamping: max(0, (next - WallClock.monotonic) / 1_000_000 + 1))
  }

  private mutating func checkTimes() {
    let now = WallClock.monotonic
    for request in link.waiting.expire(now: now) { link.send(.cancel(request: request)) }
    if watchesForHangs,
      let hang = hangs.look(
        at: process.board, now: now, limit: { [desk] in desk[$0]?.session.callLimit },
        device: { [desk] in desk.device(of: $0) })?.first
    {
      kill(hang.verdict(now: now))
    }
    if verdict == nil, let reason = watch.look(now: now) { kill(reason) }
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
  private var watchesForHangs: Bool { hasLoaded && !isStopping && verdict == nil }

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
    guard let entry = desk[header.session] else { return }
    let arrival = try SampleFrame.decode(
      frame, header: header, mapping: entry.session.mapping, into: &samples)
    entry.receive(samples, arrival: arrival)
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
    case .counters(let counters): link.counters.set(counters)
    case .log(let session, let level, let text):
      frames.pass(now: WallClock.monotonic) {
        log.notice("\($0)")
      } _: {
        log.log(level, text, device: desk.device(of: session))
      }
    default: desk.take(event)
    }
  }

  // MARK: - Orders

  private mutating func obey() {
    link.wakeUp.clear()
    for order in link.takeOrders() {
      switch order {
      case .open(let session, let binding, let feed):
        desk.open(session, feed)
        link.send(.bind(binding))
      case .refeed(let session, let feed): desk.refeed(session, feed)
      case .close(let session): link.send(.unbind(session: session.id))
      case .leave(let session): desk.leave(session)
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
    watch.endFamily()
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
    desk.leaveAll()
    link.shut(end.reason)
    report(.ended(end))
  }

  private func conclusion(_ status: Int32) -> RunnerEnd {
    if let refusal { return RunnerEnd(kind: .refused, reason: refusal) }
    let isGone = ProcessEnd(waitStatus: status, board: process.board)
    let kind: RunnerEnd.Kind = isStopping ? .stopped : hasLoaded ? .failed : .failedToLoad
    if let verdict { return RunnerEnd(kind: kind, reason: verdict) }
    return RunnerEnd(
      kind: kind, reason: isGone.text { desk.device(of: $0) }, isClean: isGone.status == .exited(0))
  }
}
