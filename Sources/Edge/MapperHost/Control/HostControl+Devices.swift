// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import MapperEngine

/// Each device is bound to the driver that its protocol names, once device and driver are both there.
extension HostControl {
  private static let second: Int64 = 1_000_000_000

  /// Who is to drive a device.
  enum Decision {
    /// No mapper does: it speaks for itself over MQTT.
    case nobody
    /// A library that may be the one is still being looked at.
    case undecided
    case unavailable(String)
    case driver(Runner, LoadedDriver)
  }

  func deviceChanged(_ name: DeviceName, _ description: DeviceDescription?) {
    guard description != nil || devices[name] != nil else { return }
    devices[name, default: DeviceEntry()].description = description
    // The twin may be a new one, that was told nothing.
    devices[name]?.shown = nil
    if description != nil, offers.device(name) == nil { offers.put(name, .idle("its mapper is looked for")) }
    guard case .open(let session, let runner, _) = devices[name]?.phase else { return evaluate(name) }
    evaluate(name)
    if case .open = devices[name]?.phase, let feed = directory.feed(of: name) {
      runner.link?.order(.refeed(session, feed))
    }
  }

  /// Looks at all devices whose protocol is one of `ids`.
  func evaluate(protocols ids: Set<String>) {
    guard !isStopping, !ids.isEmpty else { return }
    for (name, entry) in devices {
      if let id = entry.description?.protocolName, ids.contains(id) { evaluate(name) }
    }
  }

  /// Looks at all devices that wait for a decision.
  func evaluateWaiting() {
    guard !isStopping else { return }
    for (name, entry) in devices where entry.shown == nil {
      if case .idle = entry.phase { evaluate(name) }
    }
  }

  func decide(_ description: DeviceDescription) -> Decision {
    guard let id = description.protocolName, !id.isEmpty else { return .nobody }
    for place in places {
      guard let (runner, driver) = libraries[place]?.driver(id) else { continue }
      if runner.isServing { return .driver(runner, driver) }
      return .unavailable(fault(of: runner))
    }
    if !firstLookIsDone || libraries.values.contains(where: \.isUndecided) { return .undecided }
    let gone = places.first { libraries[$0]?.formerDrivers.contains(id) == true }
    return .unavailable("no mapper for protocol \(id)" + (gone.map { ": \($0.file) was removed" } ?? ""))
  }

  func evaluate(_ name: DeviceName) {
    guard !isStopping, let entry = devices[name] else { return }
    switch entry.phase {
    case .closing, .parked: break
    case .open(let session, let runner, let planned):
      if !isWanted(runner, planned, for: entry.description) { close(name, session, runner) }
    case .idle:
      guard let description = entry.description else {
        detach(name)
        devices[name] = nil
        wakeTimes[name] = nil
        offers.put(name, nil)
        return
      }
      switch decide(description) {
      case .nobody:
        detach(name)
        offers.put(name, .idle("no mapper drives it: its manifest names no protocol"))
      case .undecided: detach(name)
      case .unavailable(let reason): show(reason, name)
      case .driver(let runner, let driver): open(name, description, runner, driver)
      }
    }
  }

  /// Whether a session still is what the description asks for.
  private func isWanted(
    _ runner: Runner, _ planned: DeviceEntry.Planned, for description: DeviceDescription?
  ) -> Bool {
    guard let description, case .driver(let wanted, let driver) = decide(description), wanted === runner
    else {
      return false
    }
    if description == planned.description { return true }
    guard let plan = try? BindingPlan(description, driver: driver) else { return false }
    return plan == planned.plan
  }

  private func open(
    _ name: DeviceName, _ description: DeviceDescription, _ runner: Runner, _ driver: LoadedDriver
  ) {
    let plan: BindingPlan
    do throws(BindingPlan.Refusal) {
      plan = try BindingPlan(description, driver: driver)
    } catch {
      return refuse(error.description, name, runner)
    }
    let now = WallClock.monotonic
    if let refusal = devices[name]?.refusal, refusal.stands(for: runner, plan, now: now) {
      return refuse(refusal.reason, name, runner)
    }
    guard let link = runner.link, let feed = directory.feed(of: name) else {
      // The twin of a device that was declared a moment ago.
      wakeTimes[name] = now + Self.second
      return
    }
    guard let id = runner.beginSession() else {
      return show("mapper \(runner.place.name) has as many devices as it can have", name)
    }
    let session = Session(id: id, device: name, plan: plan, link: link)
    var binding = plan.binding
    binding.session = id
    binding.startsAtOnce = devices[name]?.continues ?? false
    devices[name]?.phase = .open(session, runner, DeviceEntry.Planned(description: description, plan: plan))
    devices[name]?.shown = nil
    link.order(.open(session, binding, feed))
  }

  private func close(_ name: DeviceName, _ session: Session, _ runner: Runner) {
    devices[name]?.phase = .closing(session, runner)
    offers.put(name, .idle(Self.moves))
    // A call under way is cancelled; a driver that does not listen has its whole time limit.
    wakeTimes[name] = WallClock.monotonic + session.closeLimit
    session.willEnd()
    runner.link?.order(.close(session))
  }

  static let moves = "the device is being bound anew"

  /// The driver does not take the device.
  private func refuse(_ reason: String, _ name: DeviceName, _ runner: Runner) {
    if devices[name]?.continues == true, devices[name]?.shown != reason {
      log.warning(
        "the mapper does not go on with the device: \(reason)",
        metadata: ["device": "\(name)", "mapper": "\(runner.place.name)", "hash": "\(runner.snapshot.hash)"])
    }
    show(reason, name)
  }

  /// Tells the twin that nobody drives its device, and why.
  private func show(_ reason: String, _ name: DeviceName) {
    detach(name)
    offers.put(name, .idle(reason))
    guard devices[name]?.shown != reason else { return }
    guard let feed = directory.feed(of: name) else {
      wakeTimes[name] = WallClock.monotonic + Self.second
      return
    }
    devices[name]?.shown = reason
    devices[name]?.continues = false
    log.warning("device unavailable: \(reason)", metadata: ["device": "\(name)"])
    feed.linkChanged(to: .unavailable, reason: reason, at: WallClock.system.nanoseconds)
  }

  func timeCame(for name: DeviceName, now: Int64) {
    switch devices[name]?.phase {
    case .closing(let session, let runner):
      // The driver hangs. Its session is left behind; the device goes on.
      wakeTimes[name] = now + Self.second
      runner.link?.order(.leave(session))
      return
    case .parked: devices[name]?.phase = .idle
    case .idle, .open, nil: break
    }
    evaluate(name)
  }

  // MARK: - What runners say

  func bound(_ session: Session, _ outcome: BindOutcome, _ runner: Runner) {
    let name = session.device
    guard !outcome.status.isOK else {
      runner.bound(session, lane: outcome.lane)
      for item in outcome.refusedPoints {
        log.warning(
          "point refused: \(item.text)",
          metadata: ["device": "\(name)", "property": "\(session.name(ofPoint: item.point))"])
      }
      // Also when it was asked to end meanwhile: its twin may have been told of it before.
      if devices[name]?.phase.isOf(session) == true { devices[name]?.isAttached = true }
      guard case .open(let its, _, let planned) = devices[name]?.phase, its === session else { return }
      devices[name]?.continues = false
      if let driver = runner.drivers[planned.plan.binding.driver] {
        offers.put(name, .driven(session, driver))
      }
      return
    }
    let lane = forget(session, runner)
    guard let entry = devices[name], entry.phase.isOf(session) else { return }
    devices[name]?.phase = .idle
    if case .open(_, _, let planned) = entry.phase {
      let attempts = (entry.refusal?.attempts ?? 0) + 1
      let backoff = planned.plan.binding.backoffMilliseconds
      let wait =
        min(Int64(backoff.lowerBound) << min(attempts - 1, 20), Int64(backoff.upperBound)) * 1_000_000
      let retryAt = outcome.status.isFinal ? nil : WallClock.monotonic + wait
      devices[name]?.refusal = DeviceEntry.Refusal(
        runner: runner.number, generation: runner.generation, plan: planned.plan,
        reason: outcome.reason.isEmpty ? "\(outcome.status)" : outcome.reason, retryAt: retryAt,
        attempts: attempts)
      wakeTimes[name] = retryAt
    }
    evaluate(name)
    unpark(lane, runner)
  }

  /// The session was left behind: its feed is the host's again.
  func detached(_ session: Session, _ runner: Runner) {
    guard devices[session.device]?.phase.isOf(session) == true else { return }
    runner.leaveBehind(session)
    goOn(session.device)
    unpark(runner.sessions[session.id] ?? 0, runner)
    if runner.isRetired, runner.isDrained { stop(runner) }
  }

  func closed(_ session: Session, _ runner: Runner) {
    let lane = forget(session, runner)
    if devices[session.device]?.phase.isOf(session) == true {
      if runner.isRetired, runner.isBusy(lane) {
        devices[session.device]?.phase = .parked(runner, lane: lane)
        wakeTimes[session.device] = WallClock.monotonic + session.closeLimit
        runner.park(session.device, lane: lane)
      } else {
        goOn(session.device)
      }
    }
    unpark(lane, runner)
  }

  private func goOn(_ name: DeviceName) {
    devices[name]?.phase = .idle
    devices[name]?.continues = true
    wakeTimes[name] = nil
    evaluate(name)
  }

  /// Lets devices go on whose line is free now.
  private func unpark(_ lane: UInt32, _ runner: Runner) {
    guard !runner.isBusy(lane) else { return }
    for name in runner.unpark(lane: lane) {
      if case .parked(let its, lane) = devices[name]?.phase, its === runner { goOn(name) }
    }
  }

  /// - Returns: the line that the session was on.
  private func forget(_ session: Session, _ runner: Runner) -> UInt32 {
    let lane = runner.ended(session)
    if runner.isRetired, runner.isDrained { stop(runner) }
    return lane
  }

  /// The engine is gone, and with it the sessions.
  func release(devicesOf runner: Runner) {
    for (name, entry) in devices where entry.phase.isOn(runner) {
      devices[name]?.phase = .idle
      wakeTimes[name] = nil
      evaluate(name)
    }
  }

  /// The last word for a device: nobody drives it any more.
  func letGo(_ name: DeviceName, reason: String) {
    guard let entry = devices[name] else { return }
    devices[name]?.phase = .idle
    if let id = entry.description?.protocolName, !id.isEmpty { show(reason, name) } else { detach(name) }
  }

  /// Takes the session that has ended away from the device's twin.
  private func detach(_ name: DeviceName) {
    guard devices[name]?.isAttached == true else { return }
    devices[name]?.isAttached = false
    directory.feed(of: name)?.attach(nil)
  }
}
