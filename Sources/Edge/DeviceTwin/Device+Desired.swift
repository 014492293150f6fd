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
    _ changes: [(property: String, value: JSON?)], origin: DesiredOrigin, ifVersion: Int64?,
    answer: @escaping DesiredAnswer
  ) {
    let time = context.clock.nanoseconds
    let now = WallClock.monotonic
    let immediate = state.withLock { state -> Result<DeviceSnapshot, TwinError>? in
      do throws(TwinError) {
        return try accept(
          changes, origin: origin, ifVersion: ifVersion, time: time, now: now, in: &state, answer: answer)
          ? nil : .success(snapshot(of: state))
      } catch {
        return .failure(error)
      }
    }
    if let immediate { answer(immediate) } else { context.watches.deviceChanged(self) }
  }

  /// Whether an operation was queued; false: there was nothing to do.
  private func accept(
    _ changes: [(property: String, value: JSON?)], origin: DesiredOrigin, ifVersion: Int64?, time: Int64,
    now: Int64, in state: inout DeviceState, answer: @escaping DesiredAnswer
  ) throws(TwinError) -> Bool {
    guard !state.isRemoved else { throw .deviceNotFound(name) }
    if let ifVersion, ifVersion != state.desiredVersion { throw .conflict(current: state.desiredVersion) }
    let version = state.desiredVersion + 1
    var plan: [(place: Int, new: Desired?)] = []
    for change in changes {
      let (place, value) = try check(change.property, change.value, in: state)
      let new = value.map { Desired(value: $0, version: version, time: time, accepted: now, origin: origin) }
      plan.removeAll { $0.place == place }
      // What memory no longer has may still be on disk: as long as something is under way, taking a value
      // back again is a write of its own, answered when it is done.
      if new != nil || state.desired[place] != nil || state.outstanding > 0 { plan.append((place, new)) }
    }
    guard !plan.isEmpty else { return false }
    guard state.isStored else { throw .busy }
    var rows: [StoreChange] = []
    for index in plan.indices {
      let property = state.properties[plan[index].place]
      if var new = plan[index].new {
        Self.settleAgainst(property, &new, at: time)
        plan[index].new = new
        rows.append(.desired(property: property.id, .init(new)))
      } else {
        rows.append(.forgetDesired(property: property.id))
      }
    }
    // The row of a value that was taken back cannot carry the version.
    if plan.contains(where: { $0.new == nil }) {
      var row = deviceRow(state)
      row.desiredVersion = version
      rows.append(.device(row))
    }
    let before = plan.map { (place: $0.place, desired: state.desired[$0.place]) }
    let revisions = plan.map { state.properties[$0.place].revision }
    let oldVersion = state.desiredVersion
    for (place, new) in plan {
      state.setDesired(new, at: place)
      state.noteChange(at: place)
    }
    state.desiredVersion = version
    let milliseconds = time / 1_000_000
    let document = encodeDocument(of: before, in: state, milliseconds: milliseconds)
    let delta = encodeDelta(of: state, milliseconds: milliseconds)
    let touched = plan.map(\.place)
    let revision = state.beginOperation(on: touched)
    let names = touched.map { state.properties[$0].name }
    // As this request leaves it: by the commit a later one may have changed it.
    let stored = snapshot(of: state)
    let operation = TwinOperation(rows) { [self] error, database in
      if let error {
        takeBack(names, revision: revision, version: version, oldVersion: oldVersion, database: database)
        answer(.failure(.storage("\(error)")))
        return
      }
      markDurable(names, version: version)
      answer(.success(stored))
      context.publish(document, to: topics.document)
      if let delta { context.publish(delta, to: topics.delta) }
      pursueDesired(now: WallClock.monotonic)
    }
    guard context.writer.submit(operation) else {
      for ((place, desired), revision) in zip(before, revisions) {
        state.setDesired(desired, at: place)
        state.properties[place].revision = revision
      }
      state.desiredVersion = oldVersion
      state.outstanding -= 1
      throw .busy
    }
    context.counters.desiredAccepted.add()
    return true
  }

  private func check(_ property: String, _ value: JSON?, in state: borrowing DeviceState) throws(TwinError)
    -> (place: Int, value: Value?)
  {
    guard let place = state.place(of: property), state.properties[place].isLive else {
      throw .propertyNotFound(device: name, property: property)
    }
    let definition = state.definition(of: place)
    if let definition, !definition.isWritable { throw .readOnly(property: property) }
    guard let value, !value.isNull else { return (place, nil) }
    // Known from the disk alone: what its model says of the value comes with the manifests.
    if state.properties[place].isModelled, state.description == nil { throw .busy }
    let type = state.properties[place].type
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

  /// Memory shows again what is on disk, unless something newer came. On the writer's thread.
  func takeBack(_ names: [String], revision: UInt64, version: Int64, oldVersion: Int64, database: Database) {
    logger().error("an update could not be stored", metadata: ["property": "\(names.joined(separator: ","))"])
    let now = WallClock.monotonic
    let due = state.withLock { state -> Int64 in
      state.outstanding -= 1
      if state.desiredVersion == version { state.desiredVersion = oldVersion }
      for name in names {
        guard let place = state.place(of: name), state.properties[place].revision == revision else {
          continue
        }
        restore(place, from: database, now: now, in: &state)
      }
      return state.nextSave
    }
    wakeUp(at: due, changed: true)
  }

  private func restore(_ place: Int, from database: Database, now: Int64, in state: inout DeviceState) {
    let kept: (property: Property, desired: Desired?)?
    do throws(SQLiteError) {
      kept = try TwinLoader.property(state.properties[place].id, in: database)
    } catch {
      // A file that cannot even be read: memory stays as it is, which is the best copy left.
      return
    }
    if let kept {
      state.properties[place].life = kept.property.life
      state.properties[place].form = state.properties[place].form.with(
        isOptional: kept.property.isOptional)
      restore(kept.property.latest, at: place, in: &state)
      state.setDesired(kept.desired, at: place)
    } else if state.properties[place].isModelled {
      // The device's own rows failed before, so all of them are written anew.
      restore(Reading(), at: place, in: &state)
      state.properties[place].form = state.properties[place].form.with(manifest: nil)
      state.setDesired(nil, at: place)
      state.isStored = false
      state.nextSave = min(state.nextSave, now + context.options.fullQueueWait)
    } else {
      state.properties[place].life = .unborn
      state.properties[place].latest = Reading()
      state.setDesired(nil, at: place)
    }
    state.noteChange(at: place)
  }

  private func restore(_ reading: Reading, at place: Int, in state: inout DeviceState) {
    // A mapper's readings are no client's to take back.
    guard !state.properties[place].isMapped else { return }
    state.properties[place].latest = reading
    state.properties[place].published = reading
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
