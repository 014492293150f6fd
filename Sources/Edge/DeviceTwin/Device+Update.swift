// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization

/// `twin/update`: all of a request or nothing, answered after the commit.
extension Device {
  func update(_ request: TwinRequest) {
    let time = context.clock.nanoseconds
    let now = WallClock.monotonic
    let milliseconds = time / 1_000_000
    let refusal = state.withLock { state -> Refusal? in
      do throws(Refusal) {
        guard !state.isRemoved else { throw Refusal(code: 404, reason: TwinManager.unknownDevice) }
        try check(request, in: state)
        guard state.isStored else { throw Refusal(code: 503, reason: "device \(name) is not on disk yet") }
        try apply(request, time: time, now: now, in: &state)
        return nil
      } catch {
        return state.outstanding > 0 && answerInTurn(error, event: request.event, in: &state) ? nil : error
      }
    }
    guard let refusal else {
      context.watches.deviceChanged(self)
      return
    }
    refuse(refusal, event: request.event, milliseconds: milliseconds)
  }

  func refuse(_ refusal: Refusal, event: String, milliseconds: Int64) {
    context.counters.refused.add()
    context.publish(to: topics.updateResult) { $0.error(event: event, milliseconds: milliseconds, refusal) }
  }

  /// Behind the answers that still wait for the disk, so that a client's answers keep the order of its
  /// requests.
  func answerInTurn(_ refusal: Refusal, event: String, in state: inout DeviceState) -> Bool {
    _ = state.beginOperation(on: [])
    let operation = TwinOperation([]) { [self] _, _ in
      self.state.withLock { $0.outstanding -= 1 }
      refuse(refusal, event: event, milliseconds: context.clock.milliseconds)
    }
    guard context.writer.submit(operation) else {
      state.outstanding -= 1
      return false
    }
    return true
  }

  // MARK: Checks

  func check(_ request: TwinRequest, in state: borrowing DeviceState) throws(Refusal) {
    var added = 0
    for (name, change) in request.items {
      guard let place = state.place(of: name), state.properties[place].isLive else {
        guard let change else { continue }
        guard let type = Self.creatableType(change.type) else { throw .bad("the value type is not allowed") }
        try check(change, type: type, definition: nil)
        if state.place(of: name) == nil { added += 1 }
        continue
      }
      let property = state.properties[place]
      let definition = state.definition(of: place)
      if property.isMapped, change == nil || change?.actual != nil {
        throw Refusal(
          code: 409,
          reason:
            "property \(name) of device \(self.name) is reported by its mapper; only expected can be set")
      }
      guard let change else {
        guard property.isOptional else {
          throw .bad("property \(name) of device \(self.name) is not optional and cannot be deleted")
        }
        continue
      }
      if change.expected != nil, property.isModelled, state.description == nil {
        // Known from the disk alone: what its model says of the value comes with the manifests.
        throw Refusal(code: 503, reason: "the manifest of device \(self.name) has not been read yet")
      }
      if change.expected != nil, let definition, !definition.isWritable {
        throw Refusal(code: 403, reason: "property \(name) of device \(self.name) is read-only")
      }
      try check(change, type: property.type, definition: definition)
    }
    guard added > 0 else { return }
    let limit = context.options.maximumAddedProperties
    guard state.properties.count(where: { !$0.isModelled }) + added <= limit else {
      throw .bad("device \(self.name) has \(limit) properties of MQTT clients, and may not have more")
    }
  }

  private static func creatableType(_ name: String?) -> PropertyType? {
    switch name ?? "" {
    case "", "string": .string
    case "int", "integer": .int
    case "float": .float
    case "boolean": .boolean
    default: nil
    }
  }

  private func check(_ change: TwinRequest.Change, type: PropertyType, definition: PropertyDescription?)
    throws(Refusal)
  {
    for text in [change.expected, change.actual] {
      guard let text else { continue }
      guard Self.value(text, type) != nil else {
        switch type {
        case .int: throw .bad("the value is not int or integer")
        case .float, .double: throw .bad("the value is not float")
        case .boolean: throw .bad("the bool value must be true or false")
        case .bytes: throw .bad("the value is not base64")
        case .string, .stream: throw .bad("the value is not a string")
        }
      }
    }
    if let text = change.expected, let value = Self.value(text, type),
      let expected = DesiredCheck.range(value, definition)
    {
      throw .bad("the value \(text) is out of range: expected \(expected)")
    }
  }

  /// An int is whole digits here, as in KubeEdge.
  private static func value(_ text: String, _ type: PropertyType) -> Value? {
    type == .int ? Int64(text).map { .int($0) } : Value(parsing: text, as: type)
  }

  /// The value, and the text where it is not the value's own.
  private static func read(_ text: String, _ property: Property) -> (value: Value, spelling: String?) {
    guard let value = value(text, property.type) else { return (.text(text), text) }
    if case .text = value { return (value, nil) }
    return (value, value.text == text ? nil : text)
  }

  // MARK: Applying

  private func apply(_ request: TwinRequest, time: Int64, now: Int64, in state: inout DeviceState)
    throws(Refusal)
  {
    var plan = prepare(request, time: time, now: now, in: &state)
    let rows = plan.rows
    plan.rows = []
    let event = request.event
    let operation = TwinOperation(rows) { [self, plan] error, database in
      finish(plan, error: error, in: database, time: time) { error in
        guard let error else { return publish(plan.answer) }
        refuse(
          Refusal(code: 500, reason: "the update could not be stored: \(error.message)"), event: event,
          milliseconds: context.clock.milliseconds)
      }
    }
    guard !context.writer.submit(operation) else { return }
    undo(plan, in: &state)
    throw Refusal(code: 503, reason: "too many updates wait for the disk")
  }

  /// Makes a checked request's changes in memory. To be followed, before the lock is left, by handing the rows to
  /// the writer or by `undo`.
  func prepare(_ request: TwinRequest, time: Int64, now: Int64, in state: inout DeviceState) -> UpdatePlan {
    let versions = (desired: state.desiredVersion, reported: state.reportedVersion)
    var plan = UpdatePlan(versions: versions, count: state.properties.count)
    plan.steps.reserveCapacity(request.items.count)
    for (name, change) in request.items {
      plan.steps.append(
        apply(change, to: name, versions: versions, time: time, now: now, in: &state, rows: &plan.rows))
    }
    if state.properties.count > plan.count { state.sortProperties() }
    if plan.steps.contains(where: { if case .deleted = $0.effect { true } else { false } }) {
      state.noteShapeChange()
      // Rows that go take their versions along.
      plan.rows.append(.device(deviceRow(state)))
    }
    plan.answer = encodeAnswer(plan.steps, request: request, milliseconds: time / 1_000_000, in: state)
    let touched = plan.steps.compactMap { step -> Int? in
      switch step.effect {
      case .deleted, .changed: step.place
      case .nothing, .untouched: nil
      }
    }
    plan.version = state.desiredVersion
    if plan.version > versions.desired {
      let desired = touched.filter { state.desired[$0]?.version == plan.version }
      plan.desiredNames = desired.map { state.properties[$0].name }
      if context.events != nil {
        plan.event = event(
          of: desired.prefix(Self.toldValues).map { (place: $0, new: state.desired[$0]) }, in: state,
          version: plan.version, caller: Self.mqtt)
      }
    }
    plan.names = touched.map { state.properties[$0].name }
    plan.revision = state.beginOperation(on: touched)
    plan.reported = context.consumers.isEmpty ? [] : Self.reported(plan.steps, in: state)
    return plan
  }

  private static let mqtt = Caller(name: "mqtt", source: "the broker", scope: .write)

  /// The writer did not take it; nothing else has happened to the device meanwhile.
  func undo(_ plan: UpdatePlan, in state: inout DeviceState) {
    state.outstanding -= 1
    for step in plan.steps.reversed() {
      guard let place = step.place, place < plan.count, let before = step.before else { continue }
      state.properties[place] = before
      state.setDesired(step.desiredBefore, at: place)
    }
    if state.properties.count > plan.count { state.removeLast(state.properties.count - plan.count) }
    state.desiredVersion = plan.versions.desired
    state.reportedVersion = plan.versions.reported
  }

  /// After the commit, or a failed one. On the writer's thread.
  func finish(
    _ plan: UpdatePlan, error: SQLiteError?, in database: Database, time: Int64,
    answer: (SQLiteError?) -> Void
  ) {
    if let error {
      takeBack(
        plan.names, revision: plan.revision, version: plan.desiredNames.isEmpty ? .min : plan.version,
        oldVersion: plan.versions.desired, database: database)
      answer(error)
      return
    }
    context.counters.requests.add()
    answer(nil)
    for (property, type, value) in plan.reported {
      for consumer in context.consumers {
        consumer.reported(value, of: property, as: type, device: name, time: time)
      }
    }
    if let event = plan.event { context.events?.record(event) }
    markDurable(plan.desiredNames, version: plan.version)
    if !plan.desiredNames.isEmpty { pursueDesired(now: WallClock.monotonic) }
  }

  private static func reported(_ steps: [UpdateStep], in state: borrowing DeviceState)
    -> [(property: String, type: PropertyType, value: Value)]
  {
    steps.compactMap { step in
      guard case .changed(_, actual: true) = step.effect, let place = step.place,
        let value = state.properties[place].latest.value
      else { return nil }
      return (step.name, state.properties[place].type, value)
    }
  }

  private func apply(
    _ change: TwinRequest.Change?, to name: String, versions: (desired: Int64, reported: Int64), time: Int64,
    now: Int64, in state: inout DeviceState, rows: inout [StoreChange]
  ) -> UpdateStep {
    let known = state.place(of: name)
    var step = UpdateStep(
      place: known, name: name, effect: .nothing, before: known.map { state.properties[$0] },
      desiredBefore: known.flatMap { state.desired[$0] })
    guard let change else {
      guard let place = known, state.properties[place].isLive else { return step }
      state.reportedVersion = versions.reported + 1
      delete(place, in: &state, rows: &rows)
      step.effect = .deleted
      return step
    }
    var needsRow = false
    let place: Int
    if let known, state.properties[known].isLive {
      place = known
      if change.isOptional == false, state.properties[place].isOptional {
        state.properties[place].form = state.properties[place].form.with(isOptional: false)
        needsRow = true
      }
    } else {
      place = create(name, change, at: known, in: &state)
      step.place = place
      needsRow = true
    }
    if needsRow { rows.append(.property(row(of: state.properties[place]))) }
    if let text = change.actual {
      state.reportedVersion = versions.reported + 1
      let (value, spelling) = Self.read(text, state.properties[place])
      let reading = Reading(value: value, spelling: spelling, time: time)
      state.properties[place].latest = reading
      state.properties[place].published = reading
      rows.append(
        .reported(property: state.properties[place].id, .init(reading, version: state.reportedVersion)))
    }
    if let text = change.expected {
      state.desiredVersion = versions.desired + 1
      let (value, spelling) = Self.read(text, state.properties[place])
      var desired = Desired(
        value: value, spelling: spelling, version: state.desiredVersion, time: time, accepted: now,
        origin: .mqtt)
      Self.settleAgainst(state.properties[place], &desired, at: time)
      state.setDesired(desired, at: place)
      rows.append(.desired(property: state.properties[place].id, .init(desired)))
      context.counters.desiredAccepted.add()
    } else if change.actual != nil, var desired = state.desired[place], desired.state == .pending {
      Self.settleAgainst(state.properties[place], &desired, at: time)
      if desired.state != .pending {
        state.setDesired(desired, at: place)
        rows.append(.outcome(property: state.properties[place].id, .init(desired)))
      }
    }
    let isChanged = needsRow || change.actual != nil || change.expected != nil
    if isChanged { state.noteChange(at: place) }
    step.effect =
      isChanged ? .changed(expected: change.expected != nil, actual: change.actual != nil) : .untouched
    return step
  }

  private func create(
    _ name: String, _ change: TwinRequest.Change, at known: Int?, in state: inout DeviceState
  ) -> Int {
    let id = known.map { state.properties[$0].id } ?? context.newID()
    let typeName = change.type ?? ""
    var property = Property(
      form: PropertyForm(
        name: name, typeName: typeName.isEmpty ? "string" : typeName, isOptional: change.isOptional ?? true,
        isModelled: false),
      id: id, type: Self.creatableType(typeName) ?? .string)
    guard let known else {
      state.append(property, desired: nil)
      return state.properties.count - 1
    }
    property.revision = state.properties[known].revision
    state.properties[known] = property
    return known
  }

  private func delete(_ place: Int, in state: inout DeviceState, rows: inout [StoreChange]) {
    let hadExpected = state.desired[place] != nil
    let hadActual = state.properties[place].latest.value != nil
    state.properties[place].life = .deleted(hadExpected: hadExpected, hadActual: hadActual)
    state.properties[place].latest = Reading()
    state.properties[place].published = Reading()
    state.setDesired(nil, at: place)
    state.noteChange(at: place)
    let id = state.properties[place].id
    rows.append(.property(row(of: state.properties[place])))
    if hadActual { rows.append(.forgetReported(property: id)) }
    if hadExpected { rows.append(.forgetDesired(property: id)) }
  }
}
