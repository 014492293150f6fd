// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI
internal import Synchronization

/// Owns one mapper library, its lanes, its schedule and its device sessions.
///
/// Takes commands from one thread and gives events to a sink. It does not know whether it lives in a runner or
/// in the agent itself.
///
/// Sound as `@unchecked Sendable`: immutable after `load` but for what is under a lock.
package final class Engine: @unchecked Sendable {
  struct Place {
    var session: DeviceSession
    var lane: Lane
  }

  struct State {
    var sessions: [UInt32: Place] = [:]
    var lanes: [String: Lane] = [:]
    /// Calls, scans and descriptions that are not answered yet, by request.
    var works: [UInt64: (work: LaneWork, lane: Lane)] = [:]
    var scans = 0

    /// The lane of a key, with one more member.
    mutating func join(_ key: String) -> Lane {
      let lane = lanes[key] ?? Lane(key: key)
      lanes[key] = lane
      lane.members += 1
      return lane
    }

    mutating func leave(_ lane: Lane) {
      lane.members -= 1
      if lane.members == 0 { lanes[lane.key] = nil }
    }
  }

  let host: HostContext
  private let counters = EngineCounters()
  let state = Mutex(State())
  private let board: OpaquePointer?
  /// Set once by `load`, before any command.
  private(set) var library: MapperLibrary?
  let scheduler: LaneScheduler

  /// - Parameter board: the call board, or nil when nobody reads one. Lanes take its slots from 1; the thread
  ///   that calls `load` should have taken slot 0.
  package init(sink: any EngineSink, board: OpaquePointer?) {
    self.board = board
    let host = HostContext(sink: sink)
    self.host = host
    // The library keeps the pointer to it until the process ends.
    _ = Unmanaged.passRetained(host)
    let relay = EngineRelay()
    scheduler = LaneScheduler(
      board: board, ended: { session, lane in relay.engine?.ended(session, lane) },
      starved: {
        sink.send(
          .log(
            session: 0, level: .warning,
            text: "more than \(LaneScheduler.maximumThreads) lines are in a call: some wait"))
      })
    relay.engine = self
    host.onLink { report in relay.engine?.driverReported(report) }
  }

  /// Opens the library and tells the sink `loaded` or `refused`. Once, before any command.
  package func load(_ path: String) -> Bool {
    sv_board_enter(0, CallFunction.load.rawValue, WallClock.monotonic, 0)
    defer { sv_board_leave() }
    do throws(MapperLoadError) {
      let library = try MapperLibrary(path: path, host: host)
      self.library = library
      host.sink.send(.loaded(library.report))
      return true
    } catch {
      host.sink.send(.refused(reason: error.description))
      return false
    }
  }

  package func handle(_ command: EngineCommand) {
    switch command {
    case .bind(let binding): bind(binding)
    case .unbind(let session): unbind(session)
    case .write(let request): write(request)
    case .call(let request): call(request)
    case .scan(let command): scan(command)
    case .describe(let session, let request, let timeout):
      describe(session: session, request: request, timeoutMilliseconds: timeout)
    case .cancel(let request): cancel(request)
    case .counters:
      let (devices, lanes) = state.withLock { ($0.sessions.count, $0.lanes.count) }
      host.sink.send(.counters(counters.report(devices: devices, lanes: lanes)))
    case .stop: break
    }
  }

  /// Unbinds everything: cancels what is under way, closes and destroys all devices, unloads the library. The last
  /// call.
  ///
  /// - Returns: false when a driver did not come back within `limit`; its threads still run then.
  package func stop(within limit: Duration) -> Bool {
    let deadline = WallClock.monotonic + limit.nanoseconds
    for session in state.withLock({ Array($0.sessions.keys) }) { unbind(session) }
    for request in state.withLock({ Array($0.works.keys) }) { cancel(request) }
    while WallClock.monotonic < deadline, !isIdle { sv_sleep_ms(1) }
    guard scheduler.stop(until: deadline), isIdle else { return false }
    sv_board_enter(0, CallFunction.unload.rawValue, WallClock.monotonic, 0)
    defer { sv_board_leave() }
    library?.unload()
    return true
  }

  private var isIdle: Bool { state.withLock { $0.sessions.isEmpty && $0.works.isEmpty } }

  private func bind(_ binding: SessionBinding) {
    guard let driver = library?.drivers[binding.driver] else {
      refuse(binding, .notFound, "the library has no driver '\(binding.driver)'")
      return
    }
    let key =
      laneKey(
        driver, driver.table.pointee.lane, binding.settings, session: binding.session,
        timeoutMilliseconds: binding.openTimeoutMilliseconds) ?? "#\(binding.session)"
    let place: Place? = state.withLock { state in
      guard state.sessions[binding.session] == nil else { return nil }
      let lane = state.join(key)
      let session = DeviceSession(binding, driver: driver, host: host, counters: counters, call: lane.call)
      let place = Place(session: session, lane: lane)
      state.sessions[binding.session] = place
      return place
    }
    guard let place else {
      refuse(binding, .invalid, "session \(binding.session) is in use")
      return
    }
    scheduler.post(.create(place.session), to: place.lane)
    cancelScans(on: place.lane)
  }

  private func refuse(_ binding: SessionBinding, _ status: MapperStatus, _ reason: String) {
    host.sink.send(
      .bound(BindOutcome(session: binding.session, status: status, reason: reason, refusedPoints: [])))
  }

  /// What a driver calls the line that it needs; nil: a line of one's own. Devices and scans of a driver share lanes.
  func laneKey(
    _ driver: DriverTable, _ lane: LaneFunction?, _ settings: [Setting], session: UInt32,
    timeoutMilliseconds: UInt32
  ) -> String? {
    guard let lane else { return nil }
    let settings = NativeSettings(settings)
    let now = WallClock.monotonic
    sv_board_enter(
      session, CallFunction.lane.rawValue, now, now + Int64(timeoutMilliseconds) * 1_000_000)
    defer { sv_board_leave() }
    let key = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let base = buffer.baseAddress else { return "" }
      let size = withUnsafePointer(to: settings.settings) { lane($0, base, 256) }
      return String(decoding: UnsafeRawBufferPointer(start: base, count: min(size, 256)), as: UTF8.self)
    }
    return key.isEmpty ? nil : "\(driver.id) \(key)"
  }

  typealias LaneFunction =
    @convention(c) (UnsafePointer<mapper_settings>, UnsafeMutablePointer<CChar>, Int) -> Int

  private func unbind(_ session: UInt32) {
    guard let place = state.withLock({ $0.sessions[session] }) else {
      host.sink.send(.unbound(session: session))
      return
    }
    place.session.isEnding.store(true, ordering: .relaxed)
    scheduler.post(.destroy(session: session), to: place.lane)
    place.lane.cancel(session)
    cancelScans(on: place.lane)
  }

  private func write(_ request: WriteRequest) {
    func answer(_ status: MapperStatus, _ text: String) {
      let items = request.items.map { WriteItemOutcome(point: $0.point, status: status, text: text) }
      host.sink.send(.written(session: request.session, request: request.request, items: items))
    }
    guard let place = state.withLock({ $0.sessions[request.session] }) else {
      return answer(.unavailable, "the device is not bound")
    }
    if !scheduler.post(.write(request, place.session), to: place.lane, isBounded: true) {
      answer(.busy, "too many writes wait for the line")
    }
  }

  private func driverReported(_ report: HostContext.LinkReport) {
    guard let place = state.withLock({ $0.sessions[report.session] }) else { return }
    scheduler.post(.link(report), to: place.lane, isBounded: true)
  }

  private func ended(_ session: DeviceSession, _ lane: Lane) {
    state.withLock { state in
      state.sessions[session.id] = nil
      state.leave(lane)
    }
    host.sink.send(.unbound(session: session.id))
  }
}

/// Lets callbacks made in init reach the engine. Weak, so that an engine can end.
///
/// Sound as `@unchecked Sendable`: written once, in init, before any thread exists.
private final class EngineRelay: @unchecked Sendable {
  weak var engine: Engine?
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
