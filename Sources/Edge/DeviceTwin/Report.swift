// SPDX-License-Identifier: Apache-2.0
internal import Store

/// One report of a device on its way to the disk and, after the commit, to MQTT.
final class Report: WriteOperation {
  /// One property as the last report showed it, and as it is.
  struct Row: Sendable {
    let property: Int64
    let name: String
    let typeName: String
    let last: Reading
    let current: Reading
    let isOptional: Bool
    let hasDesired: Bool
  }

  /// Sorted by name.
  let rows: [Row]
  /// One for each row that has one, in the order of the rows.
  private let desired: [Desired]
  private let version: Int64
  let milliseconds: Int64
  let link: (row: StoreChange.DeviceRow, word: String)?
  let delta: [UInt8]?
  private let completion: @Sendable (Report, SQLiteError?) -> Void

  init(
    rows: [Row], desired: [Desired], version: Int64, milliseconds: Int64,
    link: (row: StoreChange.DeviceRow, word: String)?, delta: [UInt8]?,
    completion: @escaping @Sendable (Report, SQLiteError?) -> Void
  ) {
    self.rows = rows
    self.desired = desired
    self.version = version
    self.milliseconds = milliseconds
    self.link = link
    self.delta = delta
    self.completion = completion
  }

  func apply(to database: Database) throws(SQLiteError) {
    for row in rows {
      try StoreChange.save(.init(row.current, version: version), of: row.property, in: database)
    }
    if let link { try StoreChange.device(link.row).apply(to: database) }
  }

  func finished(_ error: SQLiteError?, in database: Database) { completion(self, error) }

  /// `twin/update/document`; the event id is empty, as in KubeEdge's own reports of a mapper.
  func encode(into encoder: inout TwinEncoder) {
    encoder.head(event: "", milliseconds: milliseconds)
    encoder.raw(",\"twin\":{")
    var nextDesired = 0
    for row in rows {
      var expected: TwinEncoder.Side?
      if row.hasDesired, nextDesired < desired.count {
        expected = .init(desired[nextDesired])
        nextDesired += 1
      }
      encoder.member(row.name)
      encoder.raw("{\"last\":")
      if row.last.isEmpty, expected == nil {
        encoder.raw("null")
      } else {
        encoder.twin(
          expected: expected, actual: .init(row.last), isOptional: row.isOptional, type: row.typeName)
      }
      encoder.raw(",\"current\":")
      encoder.twin(
        expected: expected, actual: .init(row.current), isOptional: row.isOptional, type: row.typeName)
      encoder.raw("},")
    }
    encoder.close("}}")
  }
}
