// SPDX-License-Identifier: Apache-2.0
internal import CSQLite
internal import Glibc

/// One connection to one SQLite file, which no other process may use meanwhile.
///
/// Not `Sendable`: it stays on the thread that opened it. The write-ahead log is synced at every commit
/// (`synchronous=FULL`), so what a returned `COMMIT` wrote survives a power cut. The lock is exclusive:
/// two agents on one file would lose each other's writes, and without sharing no page of the log's index
/// has to live in a mapped file.
package final class Database {
  package let path: String
  private let handle: OpaquePointer
  private var statements: [UnsafePointer<UInt8>: Statement] = [:]
  /// Pages in the write-ahead log, kept up to date by SQLite's hook.
  private let logPages: UnsafeMutablePointer<Int>

  /// Opens the file, creating it with its directory entry made durable.
  ///
  /// - Throws: `busy` when another process has it, `notADatabase` when it is something else.
  package convenience init(path: String, busyTimeoutMilliseconds: Int32 = 2000) throws(SQLiteError) {
    let isNew = access(path, F_OK) != 0
    try self.init(path: path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, system: nil)
    sqlite3_busy_timeout(handle, busyTimeoutMilliseconds)
    sqlite3_wal_hook(handle, noteLogPages, logPages)
    try execute("PRAGMA locking_mode=EXCLUSIVE")
    try execute("PRAGMA journal_mode=WAL")
    try execute("PRAGMA synchronous=FULL")
    try execute("PRAGMA foreign_keys=ON")
    // Set last: naming a hook of our own and turning off the built-in checkpoint are the same switch.
    sqlite3_wal_hook(handle, noteLogPages, logPages)
    if isNew { try syncDirectory() }
  }

  /// Opens a file and its log for reading, also where nothing can be written.
  ///
  /// Nobody is kept out: only for a file that no process writes.
  package convenience init(reading path: String) throws(SQLiteError) {
    if access(path + "-wal", F_OK) == 0 {
      // Without locks, which a read-only file system refuses, and the index of the log in memory.
      try self.init(path: path, flags: SQLITE_OPEN_READONLY, system: "unix-none")
      try execute("PRAGMA locking_mode=EXCLUSIVE")
    } else {
      // A file in this mode that lost its log well: SQLite would make a new one, if not told that nothing changes.
      try self.init(
        path: path, name: "file:" + Self.escaped(path) + "?immutable=1",
        flags: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, system: nil)
    }
  }

  private static func escaped(_ path: String) -> String {
    path.utf8.reduce(into: "") { text, byte in
      switch byte {
      case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
      }
    }
  }

  /// One that lives as long as this object.
  package convenience init() throws(SQLiteError) {
    try self.init(path: ":memory:", flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, system: nil)
    try execute("PRAGMA foreign_keys=ON")
  }

  private init(path: String, name: String? = nil, flags: Int32, system: String?) throws(SQLiteError) {
    self.path = path
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(
      name ?? path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, system)
    guard code == SQLITE_OK, let opened else {
      let message =
        opened.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
      let number = opened.map { sqlite3_system_errno($0) } ?? 0
      sqlite3_close_v2(opened)
      throw SQLiteError(
        code: .init(rawValue: code), message: message, statement: "open", path: path, systemError: number)
    }
    handle = opened
    logPages = .allocate(capacity: 1)
    logPages.initialize(to: 0)
  }

  deinit {
    statements.removeAll()
    sqlite3_close_v2(handle)
    logPages.deallocate()
  }

  /// Pages that the write-ahead log holds; a checkpoint brings them home.
  package var pagesInLog: Int { logPages.pointee }

  /// Runs statements that give no rows of interest.
  package func execute(_ sql: String) throws(SQLiteError) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil), sql)
  }

  /// The prepared statement of this text; it is prepared once and kept.
  package func statement(_ sql: StaticString) throws(SQLiteError) -> Statement {
    if let known = statements[sql.utf8Start] { return known }
    let new = try prepare(sql.description)
    statements[sql.utf8Start] = new
    return new
  }

  /// A statement for one use.
  package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    var prepared: OpaquePointer?
    try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil), sql)
    guard let prepared else {
      throw SQLiteError(code: .misuse, message: "no statement in the text", statement: sql, path: path)
    }
    return Statement(prepared, sql: sql, database: handle, path: path)
  }

  /// Runs `body` in a transaction that takes the write lock at once; an error takes everything back.
  package func transaction(_ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
    try statement("BEGIN IMMEDIATE").run()
    do throws(SQLiteError) {
      try body()
      try statement("COMMIT").run()
    } catch {
      rollback()
      throw error
    }
  }

  /// Rows changed, inserted or deleted by the last statement.
  package var changes: Int { Int(sqlite3_changes64(handle)) }

  package var userVersion: Int {
    get throws(SQLiteError) {
      let query = try prepare("PRAGMA user_version")
      return try query.step() ? Int(query.int(0)) : 0
    }
  }

  /// Copies the log into the database file and lets the log begin anew, as far as nobody reads.
  package func checkpoint() throws(SQLiteError) {
    var left: Int32 = 0
    var copied: Int32 = 0
    try check(sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &left, &copied), "checkpoint")
    if copied >= left { logPages.pointee = 0 }
  }

  /// Fills the log up to `bytes` with zeroes, so that a later commit syncs data only, not the file's size
  /// too.
  ///
  /// Zeroes are no frames to SQLite. The log carries no locks, hence a second descriptor does no harm.
  package func preallocateLog(bytes: Int) {
    let file = open(path + "-wal", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0, Int(facts.st_size) < bytes else { return }
    let zeroes = [UInt8](repeating: 0, count: 65536)
    var offset = Int(facts.st_size)
    while offset < bytes {
      let written = zeroes.withUnsafeBytes {
        pwrite(file, $0.baseAddress, min($0.count, bytes - offset), offset)
      }
      // A full disk is no reason to fail here: the log then grows as it is used.
      guard written > 0 else { break }
      offset += written
    }
    fsync(file)
  }

  private func rollback() {
    // Some errors have ended the transaction already.
    if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
  }

  private func check(_ code: Int32, _ statement: String) throws(SQLiteError) {
    guard code != SQLITE_OK else { return }
    throw SQLiteError(
      code: .init(rawValue: code), message: String(cString: sqlite3_errmsg(handle)), statement: statement,
      path: path, systemError: code & 0xFF == SQLITE_CANTOPEN ? sqlite3_system_errno(handle) : 0)
  }

  /// Makes the file's name durable.
  func syncDirectory() throws(SQLiteError) {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    let failed = file < 0 || fsync(file) != 0
    let reason = failed ? String(cString: strerror(errno)) : ""
    if file >= 0 { close(file) }
    if failed {
      throw SQLiteError(code: .inputOutput, message: reason, statement: "sync of \(directory)", path: path)
    }
  }
}

/// SQLite's hook after a commit to the log, on the connection's thread.
private func noteLogPages(
  _ context: UnsafeMutableRawPointer?, _ database: OpaquePointer?, _ name: UnsafePointer<CChar>?,
  _ pages: Int32
) -> Int32 {
  context?.assumingMemoryBound(to: Int.self).pointee = Int(pages)
  return SQLITE_OK
}
