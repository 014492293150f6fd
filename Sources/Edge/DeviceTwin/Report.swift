// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import Store

/// One report of a device on its way to the disk and, after the commit, to MQTT.
final class Report: WriteOperation {
  /// One property as the last report showed it, and as it is.
  struct Row: Sendable {
    let property: Int64
    let place: Int
    /// Nil: as the report's layout has it. Forms are shared by many devices, and to hold each of them once more would
    /// have two threads count references to the same objects all the time.
    let form: PropertyForm?
    let last: ShownReading
    let current: Reading
    let hasDesired: Bool

    /// What a model declares is not.
    var isOptional: Bool { form?.isOptional ?? false }
  }

  /// Sorted by name.
  let rows: [Row]
  private let layout: TwinLayout?
  /// One for each row that has one, in the order of the rows.
  private let desired: [Desired]
  private let version: Int64
  let milliseconds: Int64
  let link: (row: StoreChange.DeviceRow, word: String)?
  let delta: [UInt8]?
  private let completion: @Sendable (Report, SQLiteError?) -> Void

  init(
    rows: [Row], layout: TwinLayout?, desired: [Desired], version: Int64, milliseconds: Int64,
    link: (row: StoreChange.DeviceRow, word: String)?, delta: [UInt8]?,
    completion: @escaping @Sendable (Report, SQLiteError?) -> Void
  ) {
    self.rows = rows
    self.layout = layout
    self.desired = desired
    self.version = version
    self.milliseconds = milliseconds
    self.link = link
    self.delta = delta
    self.completion = completion
  }

  func apply(to database: Database) throws(SQLiteError) {
    var table = try ReportedTable(database)
    for row in rows { try table.save(row.current, version: version, of: row.property) }
    if let link { try StoreChange.device(link.row).apply(to: database) }
  }

  func finished(_ error: SQLiteError?, in database: Database) { completion(self, error) }

  /// `twin/update/document`; the event id is empty, as in KubeEdge's own reports of a mapper.
  func encode(into encoder: inout TwinEncoder) {
    encoder.head(event: "", milliseconds: milliseconds)
    encoder.raw(",\"twin\":{")
    var nextDesired = 0
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: TwinEncoder.chunkSize) { memory in
      guard var chunk = ByteCursor(memory) else { return }
      for row in rows {
        if encoder.plain(row, name: name(of: row), type: typeName(of: row), in: &chunk) { continue }
        chunk.flush(to: &encoder.bytes)
        var expected: TwinEncoder.Side?
        if row.hasDesired, nextDesired < desired.count {
          expected = .init(desired[nextDesired])
          nextDesired += 1
        }
        encode(row, expected: expected, into: &encoder)
      }
      chunk.flush(to: &encoder.bytes)
    }
    encoder.close("}}")
  }

  func name(of row: Row) -> String { row.form?.name ?? layout?.names[row.place] ?? "" }

  private func typeName(of row: Row) -> String {
    row.form?.typeName ?? layout?.types[row.place].twinName ?? ""
  }

  private func encode(_ row: Row, expected: TwinEncoder.Side?, into encoder: inout TwinEncoder) {
    let type = typeName(of: row)
    encoder.member(name(of: row))
    encoder.raw("{\"last\":")
    if row.last.isEmpty, expected == nil {
      encoder.raw("null")
    } else {
      encoder.twin(
        expected: expected, actual: .init(row.last), isOptional: row.isOptional, type: type)
    }
    encoder.raw(",\"current\":")
    encoder.twin(
      expected: expected, actual: .init(row.current), isOptional: row.isOptional, type: type)
    encoder.raw("},")
  }
}
