// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization

/// Desired values on their way to the device.
extension Device {
  private struct Sent: Sendable {
    let name: String
    let property: Int
    let version: Int64
  }

  private struct Job {
    let driver: any DeviceDriver
    let generation: UInt64
    var writes: [PropertyWrite] = []
    var sent: [Sent] = []
  }

  /// Nil takes the driver away. A feed of an older description attaches nothing.
  func attach(_ driver: (any DeviceDriver)?, layout: TwinLayout) {
    let isTaken = state.withLock { state -> Bool in
      guard !state.isRemoved, driver == nil ? state.driverLayout === layout : state.layout === layout else {
        return false
      }
      state.driver = driver
      state.driverLayout = driver == nil ? nil : layout
      // What the driver before did with its writes is unknown: they are written again.
      state.driverGeneration += 1
      for place in state.properties.indices { state.properties[place].isWriteInFlight = false }
      for place in state.desired.keys { state.desired[place]?.nextAttempt = 0 }
      return true
    }
    if !isTaken, driver != nil {
      logger().warning("a driver came with an older description of the device and is not heard")
    }
    pursueDesired(now: WallClock.monotonic)
  }

  /// Writes what is pending and due, gives up what is too old, and stores outcomes that could not be stored.
  func pursueDesired(now: Int64) {
    let wall = context.clock.nanoseconds
    var due = Int64.max
    var hasChanged = false
    let job = state.withLock { state -> Job? in
      guard !state.desired.isEmpty, state.description != nil, !state.isRemoved else {
        state.nextDesired = .max
        return nil
      }
      var job =
        state.driverLayout != nil && state.driverLayout === state.layout
        ? state.driver.map { Job(driver: $0, generation: state.driverGeneration) } : nil
      state.nextDesired = .max
      for place in state.desired.keys.sorted() {
        hasChanged = expire(place, wall: wall, now: now, in: &state) || hasChanged
        hasChanged = recheck(place, now: now, in: &state) || hasChanged
        retryOutcome(place, now: now, in: &state)
        begin(place, now: now, in: &state, job: &job)
      }
      due = state.nextDesired
      return job?.writes.isEmpty ?? true ? nil : job
    }
    tellEvents()
    wakeUp(at: due, changed: hasChanged)
    guard let job else { return }
    context.counters.writesStarted.add(job.writes.count)
    job.driver.write(job.writes) { [self, sent = job.sent, generation = job.generation] outcomes in
      written(outcomes, sent: sent, generation: generation)
    }
  }

  /// A set point of long ago is a hazard: past its time to live it is never written.
  private func expire(_ place: Int, wall: Int64, now: Int64, in state: inout DeviceState) -> Bool {
    guard let desired = state.desired[place], desired.state == .pending,
      !state.properties[place].isWriteInFlight
    else { return false }
    let limit = Int64(state.definition(of: place)?.desiredTimeToLiveMilliseconds ?? 0)
    guard limit > 0 else { return false }
    let problem: String
    if desired.accepted == nil, desired.time > wall + Self.clockTolerance {
      // Set in the future: the clock went back while the agent was away, as without a battery it does.
      problem = "its age is not known, since the clock went back; it has a time to live of \(limit) ms"
    } else {
      let age = desired.accepted.map { now - $0 } ?? (wall - desired.time)
      let left = limit * 1_000_000 - age
      guard left <= 0 else {
        state.nextDesired = min(state.nextDesired, now + left)
        return false
      }
      problem = "not applied within its time to live of \(limit) ms"
    }
    let last = desired.error.isEmpty ? "" : "; last error: \(desired.error)"
    conclude(place, .failed, error: problem + last, isExpired: true, now: now, in: &state)
    return true
  }

  /// What a clock may go back by itself when it is set right, in nanoseconds.
  private static let clockTolerance: Int64 = 60_000_000_000

  /// A value that was taken before its model was known, or under one that allowed it, is not written.
  private func recheck(_ place: Int, now: Int64, in state: inout DeviceState) -> Bool {
    guard let desired = state.desired[place], desired.state == .pending,
      !state.properties[place].isWriteInFlight, let definition = state.definition(of: place),
      let problem = DesiredCheck.problem(desired.value, definition)
    else { return false }
    conclude(place, .failed, error: "not written: " + problem, now: now, in: &state)
    return true
  }

  private func retryOutcome(_ place: Int, now: Int64, in state: inout DeviceState) {
    guard let desired = state.desired[place], desired.isOutcomeUnsaved else { return }
    if desired.nextAttempt > now {
      state.nextDesired = min(state.nextDesired, desired.nextAttempt)
    } else {
      saveOutcome(place, now: now, in: &state)
    }
  }

  private func begin(_ place: Int, now: Int64, in state: inout DeviceState, job: inout Job?) {
    guard job != nil, let desired = state.desired[place], desired.state == .pending, desired.isDurable,
      state.properties[place].isMapped, !state.properties[place].isWriteInFlight
    else { return }
    guard desired.nextAttempt <= now else {
      state.nextDesired = min(state.nextDesired, desired.nextAttempt)
      return
    }
    state.properties[place].isWriteInFlight = true
    state.desired[place]?.attempts += 1
    let verify = state.definition(of: place)?.verify ?? false
    job?.writes.append(PropertyWrite(property: place, value: desired.value, verify: verify))
    job?.sent.append(Sent(name: state.properties[place].name, property: place, version: desired.version))
  }

  /// The driver's results, from any thread.
  private func written(_ outcomes: [WriteOutcome], sent: [Sent], generation: UInt64) {
    let now = WallClock.monotonic
    state.withLock { state in
      guard !state.isRemoved, state.driverGeneration == generation else { return }
      for one in sent {
        guard let place = state.place(of: one.name) else { continue }
        state.properties[place].isWriteInFlight = false
        // A newer version came meanwhile, or the value was taken back: this result is nobody's.
        guard let desired = state.desired[place], desired.version == one.version, desired.state == .pending
        else { continue }
        let outcome =
          outcomes.first { $0.property == one.property }
          ?? WriteOutcome(property: one.property, status: .unavailable, text: "the driver gave no result")
        judge(outcome, of: desired, at: place, now: now, in: &state)
      }
    }
    pursueDesired(now: now)
    context.watches.deviceChanged(self)
  }

  private func judge(
    _ outcome: WriteOutcome, of desired: Desired, at place: Int, now: Int64, in state: inout DeviceState
  ) {
    if outcome.status.isOK {
      context.counters.writesApplied.add()
      conclude(place, .applied, error: "", now: now, in: &state)
    } else if outcome.status.isFinal {
      context.counters.writesFailed.add()
      conclude(place, .failed, error: outcome.words, now: now, in: &state)
    } else {
      context.counters.writesRetried.add()
      let wait = context.options.retryWait(afterAttempts: state.desired[place]?.attempts ?? 1)
      state.desired[place]?.nextAttempt = now + wait
      if state.desired[place]?.error != outcome.words {
        // Only what is new to a reader is stored: a device that stays away does not wear the disk.
        conclude(place, .pending, error: outcome.words, now: now, in: &state)
        state.desired[place]?.nextAttempt = now + wait
      } else {
        state.noteChange(at: place)
      }
    }
  }

  func conclude(
    _ place: Int, _ outcome: DesiredState, error: String, isExpired: Bool = false, now: Int64,
    in state: inout DeviceState
  ) {
    state.desired[place]?.become(outcome, error: error, at: context.clock.nanoseconds)
    state.noteChange(at: place)
    if let desired = state.desired[place] {
      noteOutcome(desired, at: place, isExpired: isExpired, in: &state)
    }
    saveOutcome(place, now: now, in: &state)
  }

  /// Nobody waits for this write; when it is lost the value is pending after a restart and written again.
  private func saveOutcome(_ place: Int, now: Int64, in state: inout DeviceState) {
    guard let desired = state.desired[place] else { return }
    let name = state.properties[place].name
    let version = desired.version
    let operation = TwinOperation([.outcome(property: state.properties[place].id, .init(desired))]) {
      [self] error, _ in
      guard error != nil else { return }
      let retry = WallClock.monotonic + context.options.fullQueueWait
      self.state.withLock { state in
        guard let place = state.place(of: name), state.desired[place]?.version == version,
          state.desired[place]?.state != .pending
        else { return }
        state.desired[place]?.isOutcomeUnsaved = true
        state.desired[place]?.nextAttempt = retry
        state.nextDesired = min(state.nextDesired, retry)
      }
      context.schedule.wake(self, at: retry)
    }
    let isQueued = context.writer.submit(operation)
    state.desired[place]?.isOutcomeUnsaved = !isQueued && desired.state != .pending
    if !isQueued, desired.state != .pending {
      let retry = now + context.options.fullQueueWait
      state.desired[place]?.nextAttempt = retry
      state.nextDesired = min(state.nextDesired, retry)
    }
  }
}

extension WriteOutcome {
  fileprivate var words: String { text.isEmpty ? status.description : "\(status): \(text)" }
}
