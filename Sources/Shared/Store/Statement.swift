// SPDX-License-Identifier: Apache-2.0
internal import CSQLite

/// A prepared statement. It belongs to its database's thread, like the database.
///
/// Parameters count from 1 and columns from 0, as in SQLite. A bind that fails shows at the next step.
package final class Statement {
  package enum Storage: Sendable { case null, int, double, text, blob }

  private let handle: OpaquePointer
  private let database: OpaquePointer
  private let sql: String
  private let path: String
  private var bindFailure: Int32 = SQLITE_OK

  init(_ handle: OpaquePointer, sql: String, database: OpaquePointer, path: String) {
    self.handle = handle
    self.sql = sql
    self.database = database
    self.path = path
  }

  deinit { sqlite3_finalize(handle) }

  // MARK: Parameters

  package func bind(_ index: Int32, _ value: Int64) { note(sqlite3_bind_int64(handle, index, value)) }
  package func bind(_ index: Int32, _ value: Double) { note(sqlite3_bind_double(handle, index, value)) }
  package func bindNull(_ index: Int32) { note(sqlite3_bind_null(handle, index)) }

  package func bind(_ index: Int32, _ value: String) {
    var value = value
    value.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        // An empty string may have no address, which would bind NULL.
        note(
          $0.isEmpty
            ? selvedge_bind_text(handle, index, "", 0)
            : selvedge_bind_text(handle, index, $0.baseAddress, Int32($0.count)))
      }
    }
  }

  package func bind(_ index: Int32, _ value: String?) {
    if let value { bind(index, value) } else { bindNull(index) }
  }

  package func bind(_ index: Int32, _ value: [UInt8]) {
    value.withUnsafeBytes { note(selvedge_bind_blob(handle, index, $0.baseAddress, Int32($0.count))) }
  }

  // MARK: Running

  /// Whether there is a row. After the last one the statement is ready for its next use.
  package func step() throws(SQLiteError) -> Bool {
    if bindFailure != SQLITE_OK {
      let code = bindFailure
      bindFailure = SQLITE_OK
      throw SQLiteError(
        code: .init(rawValue: code), message: String(cString: sqlite3_errstr(code)), statement: sql,
        path: path)
    }
    let code = sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE:
      sqlite3_reset(handle)
      return false
    default:
      let message = String(cString: sqlite3_errmsg(database))
      sqlite3_reset(handle)
      throw SQLiteError(code: .init(rawValue: code), message: message, statement: sql, path: path)
    }
  }

  /// Runs to the end; rows are of no interest.
  package func run() throws(SQLiteError) {
    while try step() {}
  }

  /// Gives up the rows that are left.
  package func reset() { sqlite3_reset(handle) }

  /// Binds a column of another statement's current row, as it is.
  func bind(_ index: Int32, copying row: Statement, column: Int32) {
    note(sqlite3_bind_value(handle, index, sqlite3_column_value(row.handle, column)))
  }

  // MARK: Columns of the current row

  var columns: Int32 { sqlite3_column_count(handle) }

  package func storage(_ column: Int32) -> Storage {
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: .int
    case SQLITE_FLOAT: .double
    case SQLITE_TEXT: .text
    case SQLITE_BLOB: .blob
    default: .null
    }
  }

  package func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
  package func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

  /// Empty for NULL.
  package func text(_ column: Int32) -> String {
    guard let bytes = sqlite3_column_text(handle, column) else { return "" }
    let count = Int(sqlite3_column_bytes(handle, column))
    return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  }

  package func optionalText(_ column: Int32) -> String? {
    sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : text(column)
  }

  package func blob(_ column: Int32) -> [UInt8] {
    guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
  }

  private func note(_ code: Int32) { if code != SQLITE_OK { bindFailure = code } }
}
