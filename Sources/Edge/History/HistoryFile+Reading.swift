// SPDX-License-Identifier: Apache-2.0
internal import Store

extension HistoryFile {
  /// Calls `body` for each block of a property that may hold samples from `from` on and before `to`, in the
  /// order of their first samples, until it returns false.
  func forEachBlock(
    of id: Int64, from: Int64, to: Int64, _ body: (BlockHeader, _ data: Int64) throws(SQLiteError) -> Bool
  ) throws(SQLiteError) {
    let query = try database.statement(
      """
      SELECT first, last, kind, count, good, minimum, maximum, sum, final, data FROM block
      WHERE property=?1 AND first>=?2 AND first<?3 AND last>=?4 ORDER BY first, data
      """)
    let (begin, isBeforeAll) = from.subtractingReportingOverflow(properties[id]?.span ?? 0)
    query.bind(1, id)
    query.bind(2, isBeforeAll ? .min : begin)
    query.bind(3, to)
    query.bind(4, from)
    defer { query.reset() }
    while try query.step() {
      guard let header = query.header(from: 0) else { continue }
      guard try body(header, query.int(9)) else { return }
    }
  }

  /// Empty where the row is gone, which only a damaged file has.
  func bytes(of data: Int64) throws(SQLiteError) -> [UInt8] {
    let query = try database.statement("SELECT bytes FROM data WHERE id=?1")
    query.bind(1, data)
    defer { query.reset() }
    return try query.step() ? query.blob(0) : []
  }
}
