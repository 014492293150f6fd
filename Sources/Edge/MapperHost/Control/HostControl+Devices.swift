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
      return .unavailable("mapper \(place.name) is down: \(runner.supervision.lastFault)")
    }
    if !firstLookIsDone || libraries.values.contains(where: \.isUndecided) { return .undecided }
    let gone = places.first { libraries[$0]?.formerDrivers.contains(id) == true }
    return .unavailable("no mapper for protocol \(id)" + (gone.map { ": \($0.file) was removed" } ?? ""))
  }

  func evaluate(_ name: DeviceName) {
    guard !isStopping, let entry = devices[name] else { return }
    switch entry.phase {
    case .closing: break
    case .open(let session, let runner, let planned):
      if !isWanted(runner, planned, for: entry.description) { close(name, session, runner) }
    case .idle:
      guard let description = entry.description else {
        devices[name] = nil
        wakeTimes[name] = nil
        return
      }
      switch decide(description) {
      case .nobody, .undecided: break
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
      return show(error.description, name)
    }
    let now = WallClock.monotonic
    if let refusal = devices[name]?.refusal, refusal.stands(for: runner, plan, now: now) {
      return show(refusal.reason, name)
    }
    guard let link = runner.link, let feed = directory.feed(of: name) else {
      // The twin of a device that was declared a moment ago.
      wakeTimes[name] = now + Self.second
      return
    }
    guard let id = runner.sessionIDs.take() else {
      return show("mapper \(runner.place.name) has as many devices as it can have", name)
    }
    let session = Session(id: id, device: name, plan: plan, link: link)
    runner.sessions.insert(id)
    var binding = plan.binding
    binding.session = id
    devices[name]?.phase = .open(session, runner, DeviceEntry.Planned(description: description, plan: plan))
    devices[name]?.shown = nil
    link.order(.open(session, binding, feed))
  }

  private func close(_ name: DeviceName, _ session: Session, _ runner: Runner) {
    devices[name]?.phase = .closing(session, runner, isDetached: false)
    // A call under way is cancelled; a driver that does not listen has its whole time limit.
    wakeTimes[name] = WallClock.monotonic + session.closeLimit
    runner.link?.order(.close(session))
  }

  /// Tells the twin that nobody drives its device, and why.
  private func show(_ reason: String, _ name: DeviceName) {
    guard devices[name]?.shown != reason else { return }
    guard let feed = directory.feed(of: name) else {
      wakeTimes[name] = WallClock.monotonic + Self.second
      return
    }
    devices[name]?.shown = reason
    log.warning("device unavailable: \(reason)", metadata: ["device": "\(name)"])
    feed.linkChanged(to: .unavailable, reason: reason, at: WallClock.system.nanoseconds)
  }

  func timeCame(for name: DeviceName, now: Int64) {
    if case .closing(_, _, let isDetached) = devices[name]?.phase {
      guard isDetached else {
        wakeTimes[name] = now + Self.second
        return
      }
      // The driver hangs. Its session stays behind; the device goes on.
      devices[name]?.phase = .idle
    }
    evaluate(name)
  }

  // MARK: - What runners say

  func bound(_ session: Session, _ outcome: BindOutcome, _ runner: Runner) {
    let name = session.device
    guard !outcome.status.isOK else {
      for item in outcome.refusedPoints {
        log.warning(
          "point refused: \(item.text)",
          metadata: ["device": "\(name)", "property": "\(session.name(ofPoint: item.point))"])
      }
      return
    }
    forget(session, runner)
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
  }

  func detached(_ session: Session) {
    guard case .closing(let its, let runner, _) = devices[session.device]?.phase, its === session else {
      return
    }
    devices[session.device]?.phase = .closing(session, runner, isDetached: true)
    directory.feed(of: session.device)?.attach(nil)
  }

  func closed(_ session: Session, _ runner: Runner) {
    forget(session, runner)
    guard devices[session.device]?.phase.isOf(session) == true else { return }
    devices[session.device]?.phase = .idle
    wakeTimes[session.device] = nil
    evaluate(session.device)
  }

  private func forget(_ session: Session, _ runner: Runner) {
    if runner.sessions.remove(session.id) != nil { runner.sessionIDs.giveBack(session.id) }
    if runner.isRetired, runner.sessions.isEmpty { stop(runner) }
  }

  /// The process is gone, and with it the sessions.
  func release(devicesOf runner: Runner) {
    for (name, entry) in devices where entry.phase.isOn(runner) {
      detachFeed(entry.phase)
      devices[name]?.phase = .idle
      wakeTimes[name] = nil
      evaluate(name)
    }
  }

  /// The last word for a device: nobody drives it any more.
  func letGo(_ name: DeviceName, reason: String) {
    guard let entry = devices[name] else { return }
    detachFeed(entry.phase)
    devices[name]?.phase = .idle
    if let id = entry.description?.protocolName, !id.isEmpty { show(reason, name) }
  }

  private func detachFeed(_ phase: DeviceEntry.Phase) {
    switch phase {
    case .open(let session, _, _), .closing(let session, _, isDetached: false):
      directory.feed(of: session.device)?.attach(nil)
    case .idle, .closing: break
    }
  }
}
