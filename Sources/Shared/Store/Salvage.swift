// SPDX-License-Identifier: Apache-2.0

/// Copies what can be read of a damaged database into a new one that has the same tables.
///
/// A table is walked by row number. Where a page cannot be read, the walk goes on behind it, in growing steps; what was
/// passed over is lost, and said. Rows that the new tables refuse, and rows whose owner is lost, are left out.
final class Salvage {
  private(set) var rows = 0
  /// What is not there any more, for people: a line each.
  private(set) var losses: [String] = []

  /// How far the walk looks for a readable row behind a damaged place: 2^40 rows.
  private static let steps = 40
  /// Damaged places after which a table is given up.
  private static let patience = 1000

  /// - Throws: when the new database cannot be written; never for the damaged one.
  func copy(from old: Database, to new: Database) throws(SQLiteError) {
    try new.execute("PRAGMA foreign_keys=OFF")
    let tables = try Self.tables(of: new)
    try new.transaction { () throws(SQLiteError) in
      for table in tables { try copy(table, from: old, to: new) }
      try removeOrphans(in: new)
    }
    try new.execute("PRAGMA foreign_keys=ON")
  }

  static func tables(of database: Database) throws(SQLiteError) -> [String] {
    let query = try database.prepare(
      "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
    var names: [String] = []
    while try query.step() { names.append(query.text(0)) }
    return names
  }

  private func copy(_ table: String, from old: Database, to new: Database) throws(SQLiteError) {
    let query: Statement
    let count: Int32
    do throws(SQLiteError) {
      query = try old.prepare("SELECT rowid, * FROM \"\(table)\" WHERE rowid >= ?1 ORDER BY rowid")
      count = query.columns - 1
    } catch {
      losses.append("table \(table): \(error.message)")
      return
    }
    let places = (1...max(1, count)).map { "?\($0)" }.joined(separator: ",")
    let insert = try new.prepare("INSERT INTO \"\(table)\" VALUES (\(places))")
    var from = Int64.min
    var damaged = 0
    var problem: String?
    while damaged < Self.patience {
      query.bind(1, from)
      do throws(SQLiteError) {
        while try query.step() {
          from = query.int(0) &+ 1
          try keep(query, count, of: table, with: insert)
        }
        break
      } catch {
        guard error.path == old.path else { throw error }
        problem = problem ?? error.message
        damaged += 1
        guard let next = Self.next(after: from, query) else { break }
        from = next
      }
    }
    if let problem { losses.append("table \(table), in part: \(problem)") }
  }

  private func keep(_ row: Statement, _ count: Int32, of table: String, with insert: Statement)
    throws(SQLiteError)
  {
    for column in 0..<count { insert.bind(column + 1, copying: row, column: column + 1) }
    do throws(SQLiteError) {
      try insert.run()
      rows += 1
    } catch {
      switch error.code {
      case .constraint, .mismatch: losses.append("table \(table), a row: \(error.message)")
      default: throw error
      }
    }
  }

  /// The first row number from which something can be read again.
  private static func next(after place: Int64, _ query: Statement) -> Int64? {
    // Before the first row that was read, row numbers begin at 1 as a rule.
    let begin = max(place, 0)
    for step in 0..<Self.steps {
      let (from, isTooFar) = begin.addingReportingOverflow(1 << Int64(step))
      if isTooFar { return nil }
      query.bind(1, from)
      defer { query.reset() }
      if (try? query.step()) == true { return from }
    }
    return nil
  }

  private func removeOrphans(in new: Database) throws(SQLiteError) {
    var orphans: [(table: String, row: Int64)] = []
    let check = try new.prepare("PRAGMA foreign_key_check")
    while try check.step() { orphans.append((check.text(0), check.int(1))) }
    for orphan in orphans {
      let delete = try new.prepare("DELETE FROM \"\(orphan.table)\" WHERE rowid=?1")
      delete.bind(1, orphan.row)
      try delete.run()
      rows -= 1
    }
    if !orphans.isEmpty {
      losses.append("\(orphans.count) rows whose owner is lost")
      // An orphan may have owned others.
      try removeOrphans(in: new)
    }
  }
}
