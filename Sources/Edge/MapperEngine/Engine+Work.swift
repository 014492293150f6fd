// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Synchronization

/// Calls of methods, scans and descriptions.
extension Engine {
  /// Scans that run or wait at once; more are answered BUSY.
  static let maximumScans = 4
  /// The wait for `discovery.lane`, which has no deadline of its own.
  private static let laneTimeoutMilliseconds: UInt32 = 5000

  func call(_ request: MethodRequest) {
    func refuse(_ status: MapperStatus, _ text: String) {
      host.sink.send(
        .called(
          session: request.session, request: request.request, status: status, text: text, result: .nothing))
    }
    guard let place = place(request.session) else { return refuse(.unavailable, "the device is not bound") }
    let work = work(
      request.request, timeoutMilliseconds: request.timeoutMilliseconds, .call(request, place.session))
    guard add(work, place.lane) else { return refuse(.invalid, "request \(request.request) is in use") }
    post(work, to: place.lane)
  }

  func describe(session: UInt32, request: UInt64, timeoutMilliseconds: UInt32) {
    guard let place = place(session) else { return refuse(request, .unavailable, "the device is not bound") }
    let work = work(request, timeoutMilliseconds: timeoutMilliseconds, .describe(place.session))
    guard add(work, place.lane) else { return refuse(request, .invalid, "request \(request) is in use") }
    post(work, to: place.lane)
  }

  func scan(_ command: ScanCommand) {
    guard let driver = library?.drivers[command.driver] else {
      return refuse(command.request, .notFound, "the library has no driver '\(command.driver)'")
    }
    guard let discovery = driver.discovery, discovery.pointee.scan != nil else {
      return refuse(command.request, .unsupported, "the driver cannot scan")
    }
    let work = work(
      command.request, timeoutMilliseconds: command.timeoutMilliseconds, .scan(command, driver))
    let key =
      laneKey(
        driver, discovery.pointee.lane, command.options, session: 0,
        timeoutMilliseconds: Self.laneTimeoutMilliseconds) ?? "?\(command.request)"
    let lane: Result<Lane, ScanRefusal> = state.withLock { state in
      guard state.works[command.request] == nil else { return .failure(.inUse) }
      guard state.scans < Self.maximumScans else { return .failure(.busy) }
      let lane = state.join(key)
      state.scans += 1
      state.works[command.request] = (work, lane)
      return .success(lane)
    }
    switch lane {
    case .success(let lane): post(work, to: lane)
    case .failure(.inUse): refuse(command.request, .invalid, "request \(command.request) is in use")
    case .failure(.busy): refuse(command.request, .busy, "\(Self.maximumScans) scans are under way")
    }
  }

  func cancel(_ request: UInt64) {
    guard let (work, lane) = state.withLock({ $0.works[request] }) else { return }
    if !work.cancelWaiting() { lane.cancel(request: request) }
  }

  /// A device is bound to the lane or leaves it: that does not wait for a scan, which may take an hour.
  func cancelScans(on lane: Lane) {
    let scans = state.withLock { state in
      state.works.values.filter { work, its in
        guard its === lane, case .scan = work.kind else { return false }
        return true
      }
    }
    for (work, _) in scans where !work.cancelWaiting("a device of its line was bound or released") {
      lane.cancel(request: work.request)
    }
  }

  private enum ScanRefusal: Error {
    case inUse
    case busy
  }

  private func refuse(_ request: UInt64, _ status: MapperStatus, _ text: String) {
    host.sink.send(.scanned(request: request, status: status, text: text))
  }

  private func place(_ session: UInt32) -> Place? { state.withLock { $0.sessions[session] } }

  private func work(_ request: UInt64, timeoutMilliseconds: UInt32, _ kind: LaneWork.Kind) -> LaneWork {
    LaneWork(request: request, timeoutMilliseconds: timeoutMilliseconds, kind: kind, host: host) {
      [weak self] work in self?.ended(work)
    }
  }

  /// False: the request is in use.
  private func add(_ work: LaneWork, _ lane: Lane) -> Bool {
    state.withLock { state in
      guard state.works[work.request] == nil else { return false }
      state.works[work.request] = (work, lane)
      return true
    }
  }

  private func post(_ work: LaneWork, to lane: Lane) {
    if !scheduler.post(.work(work), to: lane, isBounded: true) {
      work.answer(.busy, "too many calls wait for the line")
    }
  }

  private func ended(_ work: LaneWork) {
    state.withLock { state in
      guard let (_, lane) = state.works.removeValue(forKey: work.request) else { return }
      guard case .scan = work.kind else { return }
      state.scans -= 1
      state.leave(lane)
    }
  }
}
