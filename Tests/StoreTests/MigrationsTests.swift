// SPDX-License-Identifier: Apache-2.0
import Store
import TestSupport
import Testing

@Suite struct MigrationsTests {
  @Test func `each step runs once, also over several starts`() throws {
    let folder = try TemporaryFolder()
    let first = "CREATE TABLE a (x); INSERT INTO a VALUES (1);"
    let second = "CREATE TABLE b (x); INSERT INTO b SELECT x FROM a;"
    do {
      let database = try Database(path: folder.file("store.db"))
      try Migrations([first]).apply(to: database)
      try Migrations([first]).apply(to: database)
      #expect(try database.userVersion == 1)
    }
    let database = try Database(path: folder.file("store.db"))
    try Migrations([first, second]).apply(to: database)
    #expect(try database.userVersion == 2)
    let query = try database.prepare("SELECT count(*) FROM b")
    #expect(try query.step())
    #expect(query.int(0) == 1)
  }

  @Test func `a step that fails leaves nothing behind`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.file("store.db"))
    #expect(throws: SQLiteError.self) {
      try Migrations(["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x);"]).apply(to: database)
    }
    #expect(try database.userVersion == 1)
    let query = try database.prepare("SELECT count(*) FROM sqlite_master WHERE name='b'")
    #expect(try query.step())
    #expect(query.int(0) == 0)
  }

  @Test func `a file of a later program is refused and named`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.file("store.db"))
    try database.execute("PRAGMA user_version=7")
    do {
      try Migrations(["CREATE TABLE a (x)"]).apply(to: database)
      Issue.record("it was taken")
    } catch let error as Migrations.TooNew {
      #expect("\(error)".contains(folder.file("store.db")) && "\(error)".contains("version 7"))
    }
  }
}
