// SPDX-License-Identifier: Apache-2.0
import Glibc
import Store
import TestSupport
import Testing

@Suite struct DatabaseTests {
  @Test func `values come back as they went in`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.file("store.db"))
    try database.execute("CREATE TABLE t (a, b, c, d, e, f)")
    let insert = try database.statement("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
    insert.bind(1, Int64.min)
    insert.bind(2, 0.1)
    insert.bind(3, "héllo")
    insert.bind(4, [0, 1, 255] as [UInt8])
    insert.bindNull(5)
    insert.bind(6, "")
    try insert.run()
    #expect(database.changes == 1)
    let query = try database.statement("SELECT * FROM t")
    #expect(try query.step())
    #expect(query.int(0) == .min)
    #expect(query.double(1) == 0.1)
    #expect(query.text(2) == "héllo")
    #expect(query.blob(3) == [0, 1, 255])
    #expect(query.storage(4) == .null && query.optionalText(4) == nil)
    #expect(query.storage(5) == .text && query.optionalText(5) == "")
    #expect(try !query.step())
  }

  @Test func `an empty blob is no NULL`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.file("store.db"))
    try database.execute("CREATE TABLE t (a)")
    let insert = try database.statement("INSERT INTO t VALUES (?1)")
    insert.bind(1, [] as [UInt8])
    try insert.run()
    let query = try database.prepare("SELECT a FROM t")
    #expect(try query.step())
    #expect(query.storage(0) == .blob)
  }

  @Test func `every commit is synced to a write-ahead log`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.file("store.db"))
    func pragma(_ name: String) throws -> String {
      let query = try database.prepare("PRAGMA \(name)")
      return try query.step() ? query.text(0) : ""
    }
    #expect(try pragma("journal_mode") == "wal")
    #expect(try pragma("synchronous") == "2")
    #expect(try pragma("foreign_keys") == "1")
    #expect(try pragma("wal_autocheckpoint") == "0" || database.pagesInLog == 0)
  }

  @Test func `the log is counted, brought home and kept at its size`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.file("store.db"))
    try database.execute("CREATE TABLE t (a)")
    database.preallocateLog(bytes: 1 << 20)
    func size() -> Int {
      var facts = stat()
      return stat(folder.file("store.db") + "-wal", &facts) == 0 ? Int(facts.st_size) : -1
    }
    #expect(size() == 1 << 20)
    for _ in 0..<20 { try database.execute("INSERT INTO t VALUES (zeroblob(10000))") }
    #expect(database.pagesInLog > 40)
    try database.checkpoint()
    #expect(database.pagesInLog == 0)
    try database.execute("INSERT INTO t VALUES (1)")
    #expect(database.pagesInLog < 10)
    #expect(size() == 1 << 20)
  }

  @Test func `errors name file, statement and reason, and match by class`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.file("store.db"))
    try database.execute("CREATE TABLE t (a INTEGER UNIQUE)")
    try database.execute("INSERT INTO t VALUES (1)")
    do {
      try database.execute("INSERT INTO t VALUES (1)")
      Issue.record("the second row was taken")
    } catch {
      switch error.code {
      case .constraint: break
      default: Issue.record("code \(error.code)")
      }
      #expect(error.code != .constraint)
      #expect("\(error)".contains(folder.file("store.db")) && "\(error)".contains("INSERT INTO t"))
    }
  }

  @Test func `an error takes the whole transaction back`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.file("store.db"))
    try database.execute("CREATE TABLE t (a INTEGER UNIQUE)")
    #expect(throws: SQLiteError.self) {
      try database.transaction { () throws(SQLiteError) in
        try database.execute("INSERT INTO t VALUES (1)")
        try database.execute("INSERT INTO t VALUES (1)")
      }
    }
    let query = try database.prepare("SELECT count(*) FROM t")
    #expect(try query.step())
    #expect(query.int(0) == 0)
  }

  @Test func `a file that is no database is refused`() throws {
    let folder = try TemporaryFolder()
    let file = open(folder.file("store.db"), O_WRONLY | O_CREAT, 0o600)
    let text = String(repeating: "not a database ", count: 100)
    _ = write(file, text, text.utf8.count)
    close(file)
    #expect(throws: SQLiteError.self) { _ = try Database(path: folder.file("store.db")) }
  }
}
