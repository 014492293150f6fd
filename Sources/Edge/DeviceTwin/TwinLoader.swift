// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// Reads the twins back, at start and after a write that failed.
enum TwinLoader {
  /// All devices of the file; `highestID` is the greatest row number in use.
  static func load(from database: Database, context: TwinContext) throws -> [Device] {
    var devices: [Device] = []
    var highest: Int64 = 0
    let rows = try database.prepare("SELECT * FROM device")
    var states: [(id: Int64, name: DeviceName, state: DeviceState)] = []
    var places: [Int64: Int] = [:]
    while try rows.step() {
      let id = rows.int(0)
      highest = max(highest, id)
      guard let name = DeviceName(namespace: rows.text(1), name: rows.text(2)) else { continue }
      var state = DeviceState()
      (state.link, state.spokenState) = link(rows)
      state.desiredVersion = rows.int(8)
      state.reportedVersion = rows.int(9)
      state.isStored = true
      places[id] = states.count
      states.append((id, name, state))
    }
    let properties = try database.prepare(propertyQuery + " ORDER BY property.device, property.id")
    while try properties.step() {
      highest = max(highest, properties.int(0))
      guard let place = places[properties.int(8)] else { continue }
      let (property, desired) = row(properties)
      states[place].state.append(property, desired: desired)
      // Of the reported value's row; 0 without one.
      states[place].state.reportedVersion = max(states[place].state.reportedVersion, properties.int(14))
    }
    for (id, name, state) in states {
      var state = state
      state.sortProperties()
      // Whatever drove it, it does not yet in this run.
      if state.isMapped { state.awaitMapper(at: context.clock.nanoseconds) }
      devices.append(Device(name: name, id: id, context: context, state: state))
    }
    context.reserveIDs(upTo: highest)
    return devices
  }

  /// A device's state as it is on disk; nil when it is not there.
  static func link(ofDevice id: Int64, in database: Database) throws(SQLiteError) -> (LinkSnapshot, String)? {
    let statement = try database.statement("SELECT * FROM device WHERE id=?1")
    statement.bind(1, id)
    guard try statement.step() else { return nil }
    defer { statement.reset() }
    return link(statement)
  }

  private static func link(_ row: Statement) -> (LinkSnapshot, spokenState: String) {
    let link = LinkSnapshot(
      state: LinkState(rawValue: row.text(3)) ?? .connecting, reason: row.text(4), since: row.int(5),
      lastOnline: row.int(6))
    return (link, row.text(7))
  }

  /// One property as it is on disk; nil when it is not there.
  static func property(_ id: Int64, in database: Database) throws(SQLiteError) -> (Property, Desired?)? {
    let statement = try database.statement(
      """
      SELECT property.id, property.name, type, optional, declared, tombstone, manifest, NULL, device,
        reported.value, reported.spelling, quality, source_time, reported.time, reported.version, status, failure,
        desired.value, desired.spelling, desired.version, desired.time, origin, state, error, attempts, state_time
      FROM property LEFT JOIN reported ON reported.property=property.id
        LEFT JOIN desired ON desired.property=property.id WHERE property.id=?1
      """)
    statement.bind(1, id)
    guard try statement.step() else { return nil }
    defer { statement.reset() }
    return row(statement)
  }

  private static let propertyQuery = """
    SELECT property.id, property.name, type, optional, declared, tombstone, manifest, NULL, device,
      reported.value, reported.spelling, quality, source_time, reported.time, reported.version, status, failure,
      desired.value, desired.spelling, desired.version, desired.time, origin, state, error, attempts, state_time
    FROM property LEFT JOIN reported ON reported.property=property.id
      LEFT JOIN desired ON desired.property=property.id
    """

  /// The current row of either query.
  private static func row(_ row: Statement) -> (Property, Desired?) {
    let typeName = row.text(2)
    let type = PropertyType(twinName: typeName) ?? .string
    var property = Property(
      form: PropertyForm(
        name: row.text(1), typeName: typeName, isOptional: row.int(3) != 0, isModelled: row.int(4) != 0,
        manifest: row.optionalText(6)),
      id: row.int(0), type: type)
    property.isMapped = row.int(4) == 2
    let tombstone = row.int(5)
    if tombstone != 0 {
      property.life = .deleted(hadExpected: tombstone & 2 != 0, hadActual: tombstone & 4 != 0)
    }
    if row.storage(13) != .null {
      property.latest = Reading(
        value: row.value(9, as: type), spelling: row.optionalText(10),
        quality: Quality(rawValue: UInt32(truncatingIfNeeded: row.int(11))), sourceTime: row.int(12),
        time: row.int(13))
      if row.storage(15) != .null {
        property.latest.failure = SampleFailure(
          status: MapperStatus(rawValue: Int32(truncatingIfNeeded: row.int(15))), text: row.text(16))
      }
      property.published = property.latest
    }
    guard let value = row.value(17, as: type) else { return (property, nil) }
    var desired = Desired(
      value: value, spelling: row.optionalText(18), version: row.int(19), time: row.int(20),
      accepted: nil, origin: DesiredOrigin(rawValue: row.text(21)) ?? .api)
    desired.state = DesiredState(rawValue: row.text(22)) ?? .pending
    desired.error = row.text(23)
    desired.attempts = Int(row.int(24))
    desired.stateTime = row.int(25)
    desired.isDurable = true
    return (property, desired)
  }
}

extension PropertyType {
  /// Reads `metadata.type` of a twin, in which an int has two names.
  init?(twinName: String) {
    if twinName == "integer" {
      self = .int
      return
    }
    guard let type = Self.allCases.first(where: { $0.twinName == twinName }) else { return nil }
    self = type
  }
}
