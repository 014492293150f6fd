// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import Logging
internal import Store
internal import Synchronization

/// Desired values as they are set: checked, stored, and only then written.
extension Device {
  typealias DesiredAnswer = @Sendable (Result<DeviceSnapshot, TwinError>) -> Void

  /// Sets all of `changes` or none. `answer` is called once: at once with a refusal, else after the commit.
  func setDesired(
    _ changes: [DesiredChange], origin: DesiredOrigin, caller: Caller, ifVersion: Int64?,
    answer: @escaping DesiredAnswer
  ) {
    let time = context.clock.nanoseconds
    let now = WallClock.monotonic
    let immediate = state.withLock { state -> Result<DeviceSnapshot, TwinError>? in
      do throws(TwinError) {
        let plan = try prepare(
          changes, origin: origin, caller: caller, ifVersion: ifVersion, time: time, now: now, in: &state)
        guard let plan else { return .success(snapshot(of: state)) }
        // As this request leaves it: by the commit a later one may have changed it.
        let stored = snapshot(of: state)
        let operation = TwinOperation(plan.rows) { [self] error, database in
          finish(plan, error: error, in: database) { answer($0.map { stored }) }
        }
        guard context.writer.submit(operation) else {
          undo(plan, in: &state)
          throw .busy
        }
        return nil
      } catch {
        return .failure(error)
      }
    }
    if let immediate { answer(immediate) } else { context.watches.deviceChanged(self) }
  }

  /// Checks the changes and makes them in memory. To be followed, before the lock is left, by handing the rows to
  /// the writer or by `undo`.
  ///
  /// - Returns: nil when there is nothing to do.
  func prepare(
    _ changes: [DesiredChange], origin: DesiredOrigin, caller: Caller, ifVersion: Int64?, time: Int64,
    now: Int64, in state: inout DeviceState
  ) throws(TwinError) -> DesiredPlan? {
    guard !state.isRemoved else { throw .deviceNotFound(name) }
    if let ifVersion, ifVersion != state.desiredVersion { throw .conflict(current: state.desiredVersion) }
    let version = state.desiredVersion + 1
    var entries = try check(changes, version: version, origin: origin, time: time, now: now, in: state)
    guard !entries.isEmpty else { return nil }
    guard state.isStored else { throw .busy }
    var plan = DesiredPlan(version: version, oldVersion: state.desiredVersion, caller: caller)
    plan.rows.reserveCapacity(entries.count + 1)
    for index in entries.indices {
      let property = state.properties[entries[index].place]
      if var new = entries[index].new {
        Self.settleAgainst(property, &new, at: time)
        entries[index].new = new
        plan.rows.append(.desired(property: property.id, .init(new)))
      } else {
        plan.rows.append(.forgetDesired(property: property.id))
      }
    }
    // The row of a value that was taken back cannot carry the version.
    if entries.contains(where: { $0.new == nil }) {
      var row = deviceRow(state)
      row.desiredVersion = version
      plan.rows.append(.device(row))
    }
    plan.before = entries.map { (place: $0.place, desired: state.desired[$0.place]) }
    plan.revisions = entries.map { state.properties[$0.place].revision }
    for (place, new) in entries {
      state.setDesired(new, at: place)
      state.noteChange(at: place)
    }
    state.desiredVersion = version
    let milliseconds = time / 1_000_000
    plan.document = encodeDocument(of: plan.before, in: state, milliseconds: milliseconds)
    plan.delta = encodeDelta(of: state, milliseconds: milliseconds)
    let touched = entries.map(\.place)
    plan.revision = state.beginOperation(on: touched)
    plan.names = touched.map { state.properties[$0].name }
    if context.events != nil {
      plan.event = event(of: entries.prefix(Self.toldValues), in: state, version: version, caller: caller)
    }
    return plan
  }

  /// The writer did not take it; nothing else has happened to the device meanwhile.
  func undo(_ plan: DesiredPlan, in state: inout DeviceState) {
    for ((place, desired), revision) in zip(plan.before, plan.revisions) {
      state.setDesired(desired, at: place)
      state.properties[place].revision = revision
    }
    state.desiredVersion = plan.oldVersion
    state.outstanding -= 1
  }

  /// After the commit, or a failed one. On the writer's thread.
  func finish(
    _ plan: DesiredPlan, error: SQLiteError?, in database: Database,
    answer: (Result<Void, TwinError>) -> Void
  ) {
    if let error {
      takeBack(
        plan.names, revision: plan.revision, version: plan.version, oldVersion: plan.oldVersion,
        database: database)
      answer(.failure(.storage("\(error)")))
      return
    }
    context.counters.desiredAccepted.add()
    markDurable(plan.names, version: plan.version)
    answer(.success(()))
    context.publish(plan.document, to: topics.document)
    if let delta = plan.delta { context.publish(delta, to: topics.delta) }
    if let event = plan.event { context.events?.record(event) }
    pursueDesired(now: WallClock.monotonic)
  }

  private func check(
    _ changes: [DesiredChange], version: Int64, origin: DesiredOrigin, time: Int64, now: Int64,
    in state: borrowing DeviceState
  ) throws(TwinError) -> [(place: Int, new: Desired?)] {
    var entries: [(place: Int, new: Desired?)] = []
    entries.reserveCapacity(changes.count)
    var known: [Int: Int] = [:]
    for change in changes {
      let (place, value) = try check(change, in: state)
      let new = value.map { Desired(value: $0, version: version, time: time, accepted: now, origin: origin) }
      // What memory no longer has may still be on disk: as long as something is under way, taking a value
      // back again is a write of its own, answered when it is done.
      guard new != nil || state.desired[place] != nil || state.outstanding > 0 else {
        if let index = known[place] { entries[index].new = nil }
        continue
      }
      // Of a repeated property the last one counts.
      if changes.count > 1, let index = known.updateValue(entries.count, forKey: place) {
        known[place] = index
        entries[index].new = new
      } else {
        entries.append((place, new))
      }
    }
    return entries
  }

  private func check(_ change: DesiredChange, in state: borrowing DeviceState) throws(TwinError)
    -> (place: Int, value: Value?)
  {
    let property = change.property
    guard let place = state.place(of: property), state.properties[place].isLive else {
      throw .propertyNotFound(device: name, property: property)
    }
    let definition = state.definition(of: place)
    if let definition, !definition.isWritable { throw .readOnly(property: property) }
    let type = state.properties[place].type
    if let wanted = change.ifReported {
      let reported = state.properties[place].latest.value
      let isMet =
        if wanted.isNull {
          reported == nil
        } else {
          try DesiredCheck.value(wanted, property: property, type: type, definition: nil).isReported(
            by: reported)
        }
      guard isMet else { throw .reportedDiffers(property: property, reported: reported) }
    }
    guard let value = change.value, !value.isNull else { return (place, nil) }
    // Known from the disk alone: what its model says of the value comes with the manifests.
    if state.properties[place].isModelled, state.description == nil { throw .busy }
    return (place, try DesiredCheck.value(value, property: property, type: type, definition: definition))
  }

  /// Without a mapper nobody writes the value: it is applied when what is reported equals it.
  static func settleAgainst(_ property: Property, _ desired: inout Desired, at time: Int64) {
    if !property.isMapped, desired.state == .pending, desired.equals(property.latest) {
      desired.become(.applied, at: time)
    }
  }

  /// On disk now, so it may be written.
  func markDurable(_ names: [String], version: Int64) {
    state.withLock { state in
      state.outstanding -= 1
      for name in names {
        guard let place = state.place(of: name), state.desired[place]?.version == version else { continue }
        state.desired[place]?.isDurable = true
      }
    }
  }
}

/// What one request does to the desired values of a device.
struct DesiredPlan: Sendable {
  let version: Int64
  let oldVersion: Int64
  let caller: Caller
  var rows: [StoreChange] = []
  var names: [String] = []
  /// The values that were there, and the operations that wrote them.
  var before: [(place: Int, desired: Desired?)] = []
  var revisions: [UInt64] = []
  var revision: UInt64 = 0
  var document: [UInt8] = []
  var delta: [UInt8]?
  var event: EventRecord?

  init(version: Int64, oldVersion: Int64, caller: Caller) {
    self.version = version
    self.oldVersion = oldVersion
    self.caller = caller
  }
}

extension DeviceState {
  /// Numbers an operation and marks what it writes.
  mutating func beginOperation(on places: [Int]) -> UInt64 {
    revision += 1
    outstanding += 1
    for place in places { properties[place].revision = revision }
    return revision
  }
}

extension Value {
  fileprivate func isReported(by other: Value?) -> Bool { other?.isClose(to: self) ?? false }
}
