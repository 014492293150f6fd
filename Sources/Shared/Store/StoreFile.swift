// SPDX-License-Identifier: Apache-2.0
internal import CSQLite
internal import Glibc

/// The file of a writer, which may be damaged, or lie on a disk that takes nothing.
///
/// It stays on the thread that opened it, like the database.
final class StoreFile<Loaded> {
  private let path: String
  private let prepare: (Database) throws -> Loaded
  private let onEvent: (StoreEvent) -> Void
  /// What is read from: the file, or in memory what the file had when it could not be written.
  private(set) var database: Database
  private(set) var loaded: Loaded
  /// Why nothing can be written at all; nil: the database is the file.
  private(set) var refusal: SQLiteError?

  /// - Parameters:
  ///   - prepare: brings the tables up to date and reads them; may be called several times, the last one counts.
  /// - Throws: when the file is another process's, of a later version, or cannot even be read.
  static func open(
    path: String, prepare: @escaping (Database) throws -> Loaded, onEvent: @escaping (StoreEvent) -> Void
  ) throws -> StoreFile {
    finishRebuild(path)
    let problem: SQLiteError
    do {
      let opened = try open(path, prepare)
      return StoreFile(path, prepare, onEvent, opened.0, opened.1, refusal: nil)
    } catch {
      guard let error = error as? SQLiteError, error.isDamage || error.isOfDisk else { throw error }
      problem = isReadOnly(path) ? error.said(.readOnly, "the file system is read-only") : error
    }
    if problem.isDamage, problem.code != .readOnly {
      let rebuilt = try rebuild(path, prepare, problem: problem)
      onEvent(.rebuilt(rebuilt.report))
      return StoreFile(path, prepare, onEvent, rebuilt.database, rebuilt.loaded, refusal: nil)
    }
    let read = try readIntoMemory(path, prepare)
    onEvent(.unwritable(problem))
    return StoreFile(path, prepare, onEvent, read.0, read.1, refusal: problem)
  }

  private init(
    _ path: String, _ prepare: @escaping (Database) throws -> Loaded,
    _ onEvent: @escaping (StoreEvent) -> Void,
    _ database: Database, _ loaded: Loaded, refusal: SQLiteError?
  ) {
    self.path = path
    self.prepare = prepare
    self.onEvent = onEvent
    self.database = database
    self.loaded = loaded
    self.refusal = refusal
  }

  /// Tries to have the file again, after a refusal. Memory knows more by then than the file.
  func retry() {
    guard refusal != nil, let opened = try? Self.open(path, prepare) else { return }
    (database, loaded) = opened
    refusal = nil
    onEvent(.writable(misses: true))
  }

  /// Sets a file aside that was found damaged while it was written.
  ///
  /// - Returns: false when there is no new one; the old one is then used on.
  func repair(_ problem: SQLiteError) -> Bool {
    guard let rebuilt = try? Self.rebuild(path, prepare, problem: problem) else { return false }
    database = rebuilt.database
    loaded = rebuilt.loaded
    onEvent(.rebuilt(rebuilt.report))
    onEvent(.writable(misses: true))
    return true
  }

  private static func open(_ path: String, _ prepare: (Database) throws -> Loaded) throws -> (
    Database, Loaded
  ) {
    let database = try Database(path: path)
    return (database, try prepare(database))
  }

  private static func rebuild(
    _ path: String, _ prepare: (Database) throws -> Loaded, problem: SQLiteError
  ) throws -> (database: Database, loaded: Loaded, report: DamageReport) {
    // The copy is whole before the damaged file goes: whatever happens meanwhile, that one is still there.
    let draft = path + draftEnding
    for end in ["", "-wal"] { unlink(draft + end) }
    let salvage = Salvage()
    var losses: [String] = []
    try fill(draft, from: path, with: salvage, losses: &losses, prepare)
    let aside = try setAside(path)
    guard rename(draft, path) == 0 else {
      let reason = String(cString: strerror(errno))
      rename(aside, path)
      rename(aside + "-wal", path + "-wal")
      throw SQLiteError(code: .cannotOpen, message: reason, statement: "rename", path: path)
    }
    let new = try Database(path: path)
    try new.syncDirectory()
    let report = DamageReport(
      path: path, aside: aside, problem: problem.message, rows: salvage.rows, losses: losses + salvage.losses)
    return (new, try prepare(new), report)
  }

  private static var draftEnding: String { ".rebuild" }

  /// Closing it brings its log home.
  private static func fill(
    _ draft: String, from path: String, with salvage: Salvage, losses: inout [String],
    _ prepare: (Database) throws -> Loaded
  ) throws {
    let new = try Database(path: draft)
    _ = try prepare(new)
    do throws(SQLiteError) {
      try salvage.copy(from: try Database(reading: path), to: new)
    } catch {
      guard error.path == path else { throw error }
      losses = ["all of it: \(error.message)"]
    }
    try new.checkpoint()
  }

  /// A rebuild that was killed between its two renames left the new file under its first name.
  private static func finishRebuild(_ path: String) {
    let draft = path + draftEnding
    if access(path, F_OK) != 0, access(draft, F_OK) == 0, access(draft + "-wal", F_OK) != 0 {
      rename(draft, path)
    }
  }

  /// Renames the file and its log; never over a file that is there.
  private static func setAside(_ path: String) throws(SQLiteError) -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &parts)
    let stamp = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for attempt in 0..<100 {
      let aside = path + ".damaged-" + stamp + (attempt == 0 ? "" : "-\(attempt)")
      guard access(aside, F_OK) != 0 else { continue }
      guard rename(path, aside) == 0 else { break }
      // Without a log there is none to move.
      _ = rename(path + "-wal", aside + "-wal")
      return aside
    }
    throw SQLiteError(
      code: .cannotOpen, message: "the damaged file cannot be set aside: \(String(cString: strerror(errno)))",
      statement: "rename", path: path)
  }

  private static func isReadOnly(_ path: String) -> Bool {
    var facts = statvfs()
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    return statvfs(folder, &facts) == 0 && facts.f_flag & UInt(ST_RDONLY) != 0
  }

  private static func readIntoMemory(_ path: String, _ prepare: (Database) throws -> Loaded) throws -> (
    Database, Loaded
  ) {
    let memory = try Database()
    _ = try prepare(memory)
    if access(path, F_OK) == 0 {
      let salvage = Salvage()
      try salvage.copy(from: try Database(reading: path), to: memory)
      // Half of what was acknowledged is not what a node may go on with.
      guard salvage.losses.isEmpty else {
        throw SQLiteError(
          code: .inputOutput, message: salvage.losses.joined(separator: "; "), statement: "read", path: path)
      }
    }
    return (memory, try prepare(memory))
  }
}

extension SQLiteError {
  /// The same with a code and words that say more than SQLite's.
  fileprivate func said(_ code: Code, _ message: String) -> SQLiteError {
    SQLiteError(code: code, message: message, statement: statement, path: path)
  }

  /// The file is not what it should be.
  package var isDamage: Bool {
    switch code {
    case .corrupt, .notADatabase: true
    default: false
    }
  }

  /// The disk takes nothing: it is full, read-only or broken.
  package var isOfDisk: Bool {
    switch code {
    case .full, .readOnly, .inputOutput: true
    case .cannotOpen: systemError == ENOSPC || systemError == EROFS
    default: false
    }
  }
}
