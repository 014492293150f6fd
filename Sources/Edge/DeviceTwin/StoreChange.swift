// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// One row to write.
enum StoreChange: Sendable {
  case device(DeviceRow)
  case removeDevice(id: Int64)
  case property(PropertyRow)
  case removeProperty(id: Int64)
  case reported(property: Int64, ReadingRow)
  case forgetReported(property: Int64)
  case desired(property: Int64, DesiredRow)
  case forgetDesired(property: Int64)
  /// What became of a version; nothing happens when another one is there by now.
  case outcome(property: Int64, DesiredRow)

  struct DeviceRow: Sendable {
    var id: Int64
    var name: DeviceName
    var link: LinkSnapshot
    var spokenState: String
    var desiredVersion: Int64
    var reportedVersion: Int64
  }

  struct PropertyRow: Sendable {
    var id: Int64
    var device: Int64
    var name: String
    var type: String
    var isOptional: Bool
    var isModelled: Bool
    var isMapped: Bool
    var tombstone: Int64
    var manifest: String?
  }

  struct ReadingRow: Sendable {
    var value: Value?
    var spelling: String?
    var quality: Quality
    var sourceTime: Int64
    var time: Int64
    var failure: SampleFailure?
    var version: Int64

    init(_ reading: Reading, version: Int64) {
      value = reading.value
      spelling = reading.spelling
      quality = reading.quality
      sourceTime = reading.sourceTime
      time = reading.time
      failure = reading.failure
      self.version = version
    }
  }

  struct DesiredRow: Sendable {
    var snapshot: DesiredSnapshot
    var spelling: String?

    init(_ desired: Desired) {
      snapshot = desired.snapshot
      spelling = desired.spelling
    }
  }

  /// Whether a row goes that may hold the highest version of its device.
  var forgetsVersion: Bool {
    switch self {
    case .removeProperty, .forgetReported, .forgetDesired: true
    default: false
    }
  }

  func apply(to database: Database) throws(SQLiteError) {
    switch self {
    case .device(let row): try Self.save(row, in: database)
    case .removeDevice(let id): try Self.run("DELETE FROM device WHERE id=?1", id, in: database)
    case .property(let row): try Self.save(row, in: database)
    case .removeProperty(let id): try Self.run("DELETE FROM property WHERE id=?1", id, in: database)
    case .reported(let property, let row): try Self.save(row, of: property, in: database)
    case .forgetReported(let id): try Self.run("DELETE FROM reported WHERE property=?1", id, in: database)
    case .desired(let property, let row): try Self.save(row, of: property, in: database)
    case .forgetDesired(let id): try Self.run("DELETE FROM desired WHERE property=?1", id, in: database)
    case .outcome(let property, let row): try Self.saveOutcome(row, of: property, in: database)
    }
  }

  private static func run(_ sql: StaticString, _ id: Int64, in database: Database) throws(SQLiteError) {
    let statement = try database.statement(sql)
    statement.bind(1, id)
    try statement.run()
  }

  private static func save(_ row: DeviceRow, in database: Database) throws(SQLiteError) {
    // A device that was removed while the writer was full may still have its old row.
    let stale = try database.statement("DELETE FROM device WHERE namespace=?1 AND name=?2 AND id<>?3")
    stale.bind(1, row.name.namespace)
    stale.bind(2, row.name.name)
    stale.bind(3, row.id)
    try stale.run()
    let statement = try database.statement(
      """
      INSERT INTO device VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      ON CONFLICT (id) DO UPDATE SET link=?4, reason=?5, since=?6, last_online=?7, spoken_state=?8,
        desired_version=?9, reported_version=?10
      """)
    statement.bind(1, row.id)
    statement.bind(2, row.name.namespace)
    statement.bind(3, row.name.name)
    statement.bind(4, row.link.state.rawValue)
    statement.bind(5, row.link.reason)
    statement.bind(6, row.link.since)
    statement.bind(7, row.link.lastOnline)
    statement.bind(8, row.spokenState)
    statement.bind(9, row.desiredVersion)
    statement.bind(10, row.reportedVersion)
    try statement.run()
  }

  private static func save(_ row: PropertyRow, in database: Database) throws(SQLiteError) {
    let statement = try database.statement(
      """
      INSERT INTO property VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (id) DO UPDATE SET type=?4, optional=?5, declared=?6, tombstone=?7, manifest=?8
      """)
    statement.bind(1, row.id)
    statement.bind(2, row.device)
    statement.bind(3, row.name)
    statement.bind(4, row.type)
    statement.bind(5, row.isOptional ? 1 : 0 as Int64)
    statement.bind(6, (row.isModelled ? 1 : 0) + (row.isMapped ? 1 : 0) as Int64)
    statement.bind(7, row.tombstone)
    statement.bind(8, row.manifest)
    try statement.run()
  }

  /// For a row that may be missing; those of reports go through `ReportedTable`.
  static func save(_ row: ReadingRow, of property: Int64, in database: Database) throws(SQLiteError) {
    let statement = try database.statement(
      "INSERT OR REPLACE INTO reported VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
    statement.bind(1, property)
    statement.bind(2, row.value)
    statement.bind(3, row.spelling)
    statement.bind(4, Int64(row.quality.rawValue))
    statement.bind(5, row.sourceTime)
    statement.bind(6, row.time)
    statement.bind(7, row.version)
    if let failure = row.failure {
      statement.bind(8, Int64(failure.status.rawValue))
      statement.bind(9, failure.text)
    } else {
      statement.bindNull(8)
      statement.bindNull(9)
    }
    try statement.run()
  }

  private static func save(_ row: DesiredRow, of property: Int64, in database: Database) throws(SQLiteError) {
    let statement = try database.statement(
      "INSERT OR REPLACE INTO desired VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
    let desired = row.snapshot
    statement.bind(1, property)
    statement.bind(2, desired.value)
    statement.bind(3, row.spelling)
    statement.bind(4, desired.version)
    statement.bind(5, desired.time)
    statement.bind(6, desired.origin.rawValue)
    statement.bind(7, desired.state.rawValue)
    statement.bind(8, desired.error)
    statement.bind(9, Int64(desired.attempts))
    statement.bind(10, desired.stateTime)
    try statement.run()
  }

  private static func saveOutcome(_ row: DesiredRow, of property: Int64, in database: Database)
    throws(SQLiteError)
  {
    let statement = try database.statement(
      "UPDATE desired SET state=?3, error=?4, attempts=?5, state_time=?6 WHERE property=?1 AND version=?2")
    statement.bind(1, property)
    statement.bind(2, row.snapshot.version)
    statement.bind(3, row.snapshot.state.rawValue)
    statement.bind(4, row.snapshot.error)
    statement.bind(5, Int64(row.snapshot.attempts))
    statement.bind(6, row.snapshot.stateTime)
    try statement.run()
  }
}

extension Statement {
  /// Whole numbers and booleans as INTEGER, others as REAL; the property's type tells them apart again.
  func bind(_ index: Int32, _ value: Value?) {
    switch value {
    case nil: bindNull(index)
    case .bool(let flag): bind(index, flag ? 1 : 0 as Int64)
    case .int(let number): bind(index, number)
    case .float(let number): bind(index, Double(number))
    case .double(let number): bind(index, number)
    case .text(let text): bind(index, text)
    case .bytes(let bytes): bind(index, bytes)
    }
  }

  /// Nil for NULL, and where the value is of another type than the property by now.
  func value(_ column: Int32, as type: PropertyType) -> Value? {
    switch (storage(column), type) {
    case (.int, .int): .int(int(column))
    case (.int, .boolean): .bool(int(column) != 0)
    case (.double, .float): .float(Float(double(column)))
    case (.double, .double): .double(double(column))
    case (.text, .string), (.text, .stream): .text(text(column))
    case (.blob, .bytes): .bytes(blob(column))
    default: nil
    }
  }
}
