// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization

/// What manifests or the cloud say of a device.
extension Device {
  static let noMapper = "no mapper drives it yet"

  /// Takes a description over: properties of the same name and type keep their values, those that MQTT
  /// clients
  /// brought stay, and the model's old ones go.
  func declare(_ description: DeviceDescription) {
    let now = WallClock.monotonic
    let time = context.clock.nanoseconds
    var event: EventRecord?
    state.withLock { state in
      guard !state.isRemoved, state.description != description else { return }
      if state.description != nil { event = .declared(description, "change") }
      let isFirst = state.description == nil
      let wasMapped = state.isMapped
      var changes: [StoreChange] = []
      let known = state.layout.flatMap { $0.matches(description) ? $0 : nil }
      let layout = known ?? context.layouts.layout(of: description)
      let (properties, removed) = arrange(description, layout, in: state, changes: &changes)
      state.description = description
      if known == nil {
        state.layout = layout
        // The driver counts by the old list until its host comes with a feed of this one.
        state.driver = nil
        state.driverLayout = nil
        state.driverGeneration += 1
      }
      state.replaceProperties(properties)
      if state.driver == nil {
        for place in state.properties.indices { state.properties[place].isWriteInFlight = false }
      }
      if state.isMapped, isFirst || !wasMapped {
        state.awaitMapper(at: time)
      } else if wasMapped, !state.isMapped {
        Self.setLink(.connecting, reason: "", at: time, now: now, in: &state)
      }
      changes += removed.map { .removeProperty(id: $0) }
      let version = takeManifest(time: time, now: now, in: &state, changes: &changes)
      // Rows that go take their versions along.
      if changes.contains(where: \.forgetsVersion) { changes.insert(.device(deviceRow(state)), at: 0) }
      state.noteShapeChange()
      for place in state.properties.indices where state.properties[place].due < .max {
        state.nextReport = min(state.nextReport, state.properties[place].due)
      }
      if state.isStored {
        if !changes.isEmpty { store(changes, desiredVersion: version, now: now, in: &state) }
      } else {
        store(allRows(of: state), desiredVersion: state.desiredVersion, now: now, in: &state)
      }
    }
    if let event { context.events?.record(event) }
    pursueDesired(now: now)
    wakeUp(at: state.withLock { min($0.nextReport, $0.nextSave) }, changed: true)
  }

  /// The new list of properties and the rows that go.
  private func arrange(
    _ description: DeviceDescription, _ layout: TwinLayout, in state: borrowing DeviceState,
    changes: inout [StoreChange]
  ) -> (properties: [(Property, Desired?)], removed: [Int64]) {
    let isMapped = !(description.protocolName ?? "").isEmpty
    var result: [(Property, Desired?)] = []
    var kept = Set<Int>()
    for (place, definition) in description.properties.enumerated() {
      let known = state.place(of: definition.name)
      let old = known.map { state.properties[$0] }
      var property =
        old
        ?? Property(form: layout.forms[place], id: context.newID(), type: definition.type)
      var desired = known.flatMap { state.desired[$0] }
      if let known { kept.insert(known) }
      if property.life != .live {
        property.life = .live
        property.latest = Reading()
        property.published = Reading()
      }
      if property.type != definition.type {
        property.type = definition.type
        forgetValues(of: &property, desired: &desired, changes: &changes)
      }
      let form = layout.forms[place]
      property.form = property.manifest == nil ? form : form.with(manifest: property.manifest)
      property.isMapped = isMapped && definition.visitor != nil
      property.cycleMilliseconds = UInt32(clamping: definition.reportCycleMilliseconds)
      if old.map({ rowDiffers($0, property) }) ?? true { changes.append(.property(row(of: property))) }
      result.append((property, desired))
    }
    var removed: [Int64] = []
    for place in state.properties.indices where !kept.contains(place) {
      let property = state.properties[place]
      if property.isModelled {
        removed.append(property.id)
      } else {
        result.append((property, state.desired[place]))
      }
    }
    return (result, removed)
  }

  /// Values of another type than the property's say nothing any more.
  private func forgetValues(
    of property: inout Property, desired: inout Desired?, changes: inout [StoreChange]
  ) {
    if let value = property.latest.value, !value.fits(property.type) {
      property.latest = Reading()
      property.published = Reading()
      changes.append(.forgetReported(property: property.id))
    }
    if let value = desired?.value, !value.fits(property.type) {
      desired = nil
      property.form = property.form.with(manifest: nil)
      changes.append(.forgetDesired(property: property.id))
    }
  }

  /// A manifest's desired value counts when it differs from what the manifest said last, not because it was
  /// read
  /// again. Returns the version, when there was one.
  private func takeManifest(
    time: Int64, now: Int64, in state: inout DeviceState, changes: inout [StoreChange]
  ) -> Int64? {
    var version: Int64?
    for (place, definition) in (state.description?.properties ?? []).enumerated()
    where state.properties[place].manifest != definition.desired {
      let property = state.properties[place]
      state.properties[place].form = property.form.with(manifest: definition.desired)
      if let text = definition.desired, let value = manifestValue(text, definition) {
        let new = version ?? state.desiredVersion + 1
        version = new
        var desired = Desired(value: value, version: new, time: time, accepted: now, origin: .manifest)
        Self.settleAgainst(property, &desired, at: time)
        state.setDesired(desired, at: place)
        state.noteChange(at: place)
        changes.append(.desired(property: property.id, .init(desired)))
        if context.events != nil {
          state.untold.append(
            event(
              of: [(place: place, new: desired)], in: state, version: new,
              caller: .manifest(state.description?.origin ?? "")))
        }
        context.counters.desiredAccepted.add()
      }
      changes.removeAll { if case .property(let row) = $0 { row.id == property.id } else { false } }
      // Before the desired value's row, which refers to it.
      changes.insert(.property(row(of: state.properties[place])), at: 0)
    }
    if let version { state.desiredVersion = version }
    return version
  }

  private func manifestValue(_ text: String, _ definition: PropertyDescription) -> Value? {
    let problem: String
    if let value = Value(parsing: text, as: definition.type) {
      guard let found = DesiredCheck.problem(value, definition) else { return value }
      problem = found
    } else {
      problem = "expected " + DesiredCheck.expectation(definition.type)
    }
    logger().error(
      "the manifest's desired value is not taken",
      metadata: ["property": "\(definition.name)", "value": "\(text)", "error": "\(problem)"])
    return nil
  }

  // MARK: Rows

  func row(of property: Property) -> StoreChange.PropertyRow {
    let tombstone: Int64 =
      switch property.life {
      case .live, .unborn: 0
      case .deleted(let hadExpected, let hadActual): 1 | (hadExpected ? 2 : 0) | (hadActual ? 4 : 0)
      }
    return StoreChange.PropertyRow(
      id: property.id, device: id, name: property.name, type: property.typeName,
      isOptional: property.isOptional,
      isModelled: property.isModelled, isMapped: property.isMapped, tombstone: tombstone,
      manifest: property.manifest)
  }

  private func rowDiffers(_ old: Property, _ new: Property) -> Bool {
    old.typeName != new.typeName || old.isOptional != new.isOptional || old.isModelled != new.isModelled
      || old.isMapped != new.isMapped
      || old.life != new.life || old.manifest != new.manifest
  }

  /// Everything anew, whatever the file holds of this device.
  private func allRows(of state: borrowing DeviceState) -> [StoreChange] {
    var rows: [StoreChange] = [.removeDevice(id: id), .device(deviceRow(state))]
    for (place, property) in state.properties.enumerated() where property.life != .unborn {
      rows.append(.property(row(of: property)))
      if !property.published.isEmpty {
        rows.append(
          .reported(property: property.id, .init(property.published, version: state.reportedVersion)))
      }
      if let desired = state.desired[place] { rows.append(.desired(property: property.id, .init(desired))) }
    }
    return rows
  }

  /// Tries once more what could not be queued or stored.
  func save(now: Int64) {
    let time = context.clock.nanoseconds
    let hasChanged = state.withLock { state -> Bool in
      guard state.nextSave <= now, !state.isStored, !state.isRemoved else { return false }
      // What a manifest asks for counts anew where an update that failed took it along.
      var changes: [StoreChange] = []
      let version = takeManifest(time: time, now: now, in: &state, changes: &changes)
      store(allRows(of: state), desiredVersion: state.desiredVersion, now: now, in: &state)
      return version != nil
    }
    if hasChanged { context.watches.deviceChanged(self) }
  }

  private func store(
    _ changes: [StoreChange], desiredVersion: Int64?, now: Int64, in state: inout DeviceState
  ) {
    let names =
      desiredVersion.map { version in
        state.desired.filter { !$0.value.isDurable && $0.value.version <= version }.keys.map {
          state.properties[$0].name
        }
      } ?? []
    let versions = names.compactMap { name in state.place(of: name).flatMap { state.desired[$0]?.version } }
    _ = state.beginOperation(on: [])
    let operation = TwinOperation(changes) { [self] error, _ in
      if let error {
        logger().error("the device could not be stored", metadata: ["error": "\(error)"])
        let due = WallClock.monotonic + context.options.fullQueueWait
        self.state.withLock { state in
          state.outstanding -= 1
          state.isStored = false
          state.nextSave = due
        }
        context.schedule.wake(self, at: due)
        return
      }
      self.state.withLock { state in
        state.outstanding -= 1
        for (name, version) in zip(names, versions) {
          guard let place = state.place(of: name), state.desired[place]?.version == version else { continue }
          state.desired[place]?.isDurable = true
        }
      }
      if !names.isEmpty { pursueDesired(now: WallClock.monotonic) }
    }
    if context.writer.submit(operation) {
      state.isStored = true
      state.nextSave = .max
    } else {
      state.outstanding -= 1
      state.isStored = false
      state.nextSave = now + context.options.fullQueueWait
    }
  }

  /// The device is gone, and its rows too.
  ///
  /// - Returns: where it was declared.
  @discardableResult
  func remove() -> String {
    let origin = state.withLock { state -> String in
      let origin = state.description?.origin ?? ""
      guard !state.isRemoved else { return origin }
      state.isRemoved = true
      state.driver = nil
      state.driverLayout = nil
      state.driverGeneration += 1
      state.nextReport = .max
      state.nextDesired = .max
      state.nextSave = .max
      let operation = TwinOperation([.removeDevice(id: id)]) { [self] error, _ in
        guard let error else { return }
        logger().error("the device's rows are left in the file", metadata: ["error": "\(error)"])
      }
      if !context.writer.submit(operation) {
        logger().error("too many writes wait: the device's rows are left in the file")
      }
      return origin
    }
    context.schedule.forget(self)
    return origin
  }
}
