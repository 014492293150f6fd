// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// Writes rows of the table `reported`, one after the other.
///
/// Almost all are there already, and to change one costs half of what it costs to replace it: its place is looked for
/// once, and its reference to the property, which stays, is not checked.
struct ReportedTable {
  private let database: Database
  private let change: Statement
  /// Parameters that were bound stay so: those that are empty, as most are, are bound once.
  private var hasSpelling = true
  private var hasFailure = true

  init(_ database: Database) throws(SQLiteError) {
    self.database = database
    change = try database.statement(
      """
      UPDATE reported SET value=?2, spelling=?3, quality=?4, source_time=?5, time=?6, version=?7, status=?8, failure=?9
      WHERE property=?1
      """)
  }

  mutating func save(_ reading: Reading, version: Int64, of property: Int64) throws(SQLiteError) {
    bind(reading, version: version, of: property)
    try change.run()
    if database.changes == 0 {
      try StoreChange.save(.init(reading, version: version), of: property, in: database)
    }
  }

  private mutating func bind(_ reading: Reading, version: Int64, of property: Int64) {
    change.bind(1, property)
    change.bind(2, reading.value)
    change.bind(4, Int64(reading.quality.rawValue))
    change.bind(5, reading.sourceTime)
    change.bind(6, reading.time)
    change.bind(7, version)
    if hasSpelling || !reading.isPlain {
      let spelling = reading.spelling
      change.bind(3, spelling)
      hasSpelling = spelling != nil
    }
    if hasFailure || !reading.isPlain {
      let failure = reading.failure
      if let failure {
        change.bind(8, Int64(failure.status.rawValue))
        change.bind(9, failure.text)
      } else {
        change.bindNull(8)
        change.bindNull(9)
      }
      hasFailure = failure != nil
    }
  }
}
