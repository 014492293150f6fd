// SPDX-License-Identifier: Apache-2.0
import Store
import Synchronization
import TestSupport
import Testing
import Threads

@Suite struct WriterTests {
  /// Inserts a number; fails when told to. Records the order of the answers.
  private final class Insert: WriteOperation {
    let number: Int64
    let isBad: Bool
    let gate: Gate?
    let log: Log

    init(_ number: Int64, isBad: Bool = false, gate: Gate? = nil, log: Log) {
      self.number = number
      self.isBad = isBad
      self.gate = gate
      self.log = log
    }

    func apply(to database: Database) throws(SQLiteError) {
      gate?.wait()
      let statement = try database.statement("INSERT INTO numbers VALUES (?1)")
      statement.bind(1, number)
      try statement.run()
      if isBad { try database.execute("INSERT INTO missing VALUES (1)") }
    }

    func finished(_ error: SQLiteError?, in database: Database) {
      log.entries.withLock { $0.append((number, error)) }
    }
  }

  private final class Log: Sendable {
    let entries = Mutex<[(number: Int64, error: SQLiteError?)]>([])
  }

  /// Holds the writer up, so that a group forms behind it.
  private final class Gate: Sendable {
    private let monitor = Monitor(false)
    func open() {
      monitor.withLock { $0 = true }
      monitor.signal()
    }
    func wait() { monitor.wait(until: { _ in nil }) { $0 ? () : nil } }
  }

  private func numbers(in path: String) throws -> [Int64] {
    let database = try Database(path: path)
    let rows = try database.prepare("SELECT number FROM numbers ORDER BY rowid")
    var found: [Int64] = []
    while try rows.step() { found.append(rows.int(0)) }
    return found
  }

  private func start(_ writer: Writer, _ path: String) async throws {
    try await writer.start(path: path) { database in
      try Migrations(["CREATE TABLE numbers (number INTEGER NOT NULL UNIQUE) STRICT"]).apply(to: database)
    }
  }

  @Test func `what waits is one commit, answered in order`() async throws {
    let folder = try TemporaryFolder()
    let writer = Writer()
    try await start(writer, folder.file("store.db"))
    let log = Log()
    let gate = Gate()
    #expect(writer.submit(Insert(0, gate: gate, log: log)))
    for number in 1...100 { #expect(writer.submit(Insert(Int64(number), log: log))) }
    gate.open()
    await writer.stop()
    #expect(log.entries.withLock { $0.map(\.number) } == Array(0...100))
    let statistics = writer.statistics
    #expect(statistics.operations == 101)
    #expect(statistics.commits <= 3)
    #expect(statistics.largestGroup >= 50)
    #expect(try numbers(in: folder.file("store.db")) == Array(0...100))
  }

  @Test func `only the bad one of a group fails`() async throws {
    let folder = try TemporaryFolder()
    let writer = Writer()
    try await start(writer, folder.file("store.db"))
    let log = Log()
    let gate = Gate()
    #expect(writer.submit(Insert(0, gate: gate, log: log)))
    for number in 1...10 { #expect(writer.submit(Insert(Int64(number), isBad: number == 5, log: log))) }
    gate.open()
    await writer.stop()
    let entries = log.entries.withLock { $0 }
    #expect(entries.map(\.number) == Array(0...10))
    #expect(entries.filter { $0.error != nil }.map(\.number) == [5])
    let error = try #require(entries[5].error)
    #expect("\(error)".contains("missing") && "\(error)".contains(folder.file("store.db")))
    #expect(try numbers(in: folder.file("store.db")) == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10])
    #expect(writer.statistics.failures == 1)
  }

  @Test func `a full queue says no and counts`() async throws {
    let folder = try TemporaryFolder()
    let writer = Writer(capacity: 4)
    try await start(writer, folder.file("store.db"))
    let log = Log()
    let gate = Gate()
    // More than fit, whether or not the writer holds the first one already.
    let accepted = (0..<10).filter { writer.submit(Insert(Int64($0), gate: gate, log: log)) }
    #expect((4...5).contains(accepted.count))
    gate.open()
    await writer.stop()
    #expect(writer.statistics.dropped == UInt64(10 - accepted.count))
    #expect(try numbers(in: folder.file("store.db")) == accepted.map { Int64($0) })
    #expect(!writer.submit(Insert(99, log: log)))
  }

  @Test func `a file in use is refused, with its path`() async throws {
    let folder = try TemporaryFolder()
    let writer = Writer()
    try await start(writer, folder.file("store.db"))
    let error = #expect(throws: SQLiteError.self) {
      _ = try Database(path: folder.file("store.db"), busyTimeoutMilliseconds: 10)
    }
    if let error {
      switch error.code {
      case .busy: break
      default: Issue.record("\(error)")
      }
    }
    await writer.stop()
    #expect(try numbers(in: folder.file("store.db")) == [])
  }

  @Test func `a writer that cannot open its file says so and ends`() async throws {
    let writer = Writer()
    await #expect(throws: SQLiteError.self) { try await writer.start(path: "/nowhere/at/all.db") { _ in } }
    #expect(!writer.submit(Insert(1, log: Log())))
    await writer.stop()
  }

  @Test func `the log stays bounded under load`() async throws {
    let folder = try TemporaryFolder()
    let writer = Writer(capacity: 1 << 20)
    try await start(writer, folder.file("store.db"))
    let log = Log()
    for number in 0..<20_000 { #expect(writer.submit(Insert(Int64(number), log: log))) }
    await writer.stop()
    #expect(log.entries.withLock { $0.count } == 20_000)
    #expect(log.entries.withLock { $0.allSatisfy { $0.error == nil } })
  }
}
