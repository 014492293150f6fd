// SPDX-License-Identifier: Apache-2.0
import Glibc
import Store
import Synchronization
import TestSupport
import Testing

@Suite struct DamageTests {
  private static let migrations = Migrations([
    "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;",
    "CREATE TABLE tag (note INTEGER PRIMARY KEY REFERENCES note ON DELETE CASCADE, word TEXT NOT NULL) STRICT;",
  ])

  private final class Insert: WriteOperation {
    private let rows: ClosedRange<Int64>
    private let answer: @Sendable (SQLiteError?) -> Void
    init(_ rows: ClosedRange<Int64>, _ answer: @escaping @Sendable (SQLiteError?) -> Void) {
      self.rows = rows
      self.answer = answer
    }
    func apply(to database: Database) throws(SQLiteError) {
      for id in rows {
        let note = try database.statement("INSERT OR REPLACE INTO note VALUES (?1, ?2)")
        note.bind(1, id)
        note.bind(2, "note \(id) " + String(repeating: "x", count: 100))
        try note.run()
        let tag = try database.statement("INSERT OR REPLACE INTO tag VALUES (?1, 'word')")
        tag.bind(1, id)
        try tag.run()
      }
    }
    func finished(_ error: SQLiteError?, in database: Database) { answer(error) }
  }

  /// A writer with what it told.
  private final class Subject: Sendable {
    let writer = Writer()
    let events = Mutex<[String]>([])
    let reports = Mutex<[DamageReport]>([])

    func start(_ path: String) async throws -> [Int64] {
      try await writer.start(
        path: path,
        prepare: { database in
          try DamageTests.migrations.apply(to: database)
          return try DamageTests.ids(in: database)
        }
      ) { [self] event in
        switch event {
        case .rebuilt(let report):
          reports.withLock { $0.append(report) }
          events.withLock { $0.append("rebuilt") }
        case .unwritable: events.withLock { $0.append("unwritable") }
        case .writable(let misses): events.withLock { $0.append(misses ? "writable, misses" : "writable") }
        }
      }
    }

    func insert(_ rows: ClosedRange<Int64>) async -> SQLiteError? {
      await withCheckedContinuation { continuation in
        if !writer.submit(Insert(rows, { continuation.resume(returning: $0) })) {
          continuation.resume(
            returning: SQLiteError(code: .busy, message: "not taken", statement: "", path: ""))
        }
      }
    }
  }

  private static func ids(in database: Database) throws -> [Int64] {
    let query = try database.prepare("SELECT id FROM note JOIN tag ON tag.note=id ORDER BY id")
    var found: [Int64] = []
    while try query.step() { found.append(query.int(0)) }
    return found
  }

  /// A file with 2,000 notes, its log brought home.
  private func filled(_ path: String) async throws {
    let subject = Subject()
    #expect(try await subject.start(path) == [])
    #expect(await subject.insert(1...2000) == nil)
    await subject.writer.stop()
    let database = try Database(path: path)
    try database.checkpoint()
  }

  private func overwrite(_ path: String, at offset: Int, _ bytes: [UInt8]) throws {
    let file = open(path, O_WRONLY)
    try #require(file >= 0)
    defer { close(file) }
    #expect(pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count)
  }

  private func names(_ folder: TemporaryFolder) -> [String] {
    guard let handle = opendir(folder.path) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  @Test func `what is no database is set aside, and a new one begins`() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(String(repeating: "this is no database ", count: 500), to: "s.db")
    let subject = Subject()
    #expect(try await subject.start(path) == [])
    #expect(await subject.insert(1...1) == nil)
    await subject.writer.stop()
    let report = try #require(subject.reports.withLock { $0.first })
    #expect(report.rows == 0 && !report.losses.isEmpty)
    #expect(access(report.aside, F_OK) == 0)
    #expect(subject.writer.statistics.rebuilt == 1)
    #expect(try await Subject().start(path) == [1])
  }

  @Test func `rows before and behind a damaged page are kept`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s.db")
    try await filled(path)
    // Somewhere in the middle of the notes: 2,000 rows of 110 bytes are 60 pages.
    try overwrite(path, at: 30 * 4096, [UInt8](repeating: 0xA5, count: 4096))
    let subject = Subject()
    let kept = try await subject.start(path)
    #expect(kept.first == 1 && kept.last == 2000)
    #expect(kept.count > 1800 && kept.count < 2000, "\(kept.count)")
    let report = try #require(subject.reports.withLock { $0.first })
    #expect(!report.losses.isEmpty && report.description.contains(report.aside))
    // As it was found.
    var bytes = [UInt8](repeating: 0, count: 4096)
    let aside = open(report.aside, O_RDONLY)
    #expect(pread(aside, &bytes, bytes.count, 30 * 4096) == 4096 && bytes.allSatisfy { $0 == 0xA5 })
    close(aside)
    await subject.writer.stop()
    // The new one is whole.
    let again = Subject()
    #expect(try await again.start(path) == kept)
    #expect(again.events.withLock { $0 } == [])
    await again.writer.stop()
  }

  @Test func `damage that shows while writing is mended, and the write is not lost`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s.db")
    try await filled(path)
    let writer = Writer()
    let events = Mutex<[String]>([])
    // Reads nothing at the start, so that the damage does not show then.
    _ = try await writer.start(path: path, prepare: { try DamageTests.migrations.apply(to: $0) }) { event in
      events.withLock { list in
        if case .rebuilt = event { list.append("rebuilt") }
        if case .writable(misses: true) = event { list.append("writable, misses") }
      }
    }
    // The root pages of both tables: the file keeps neither.
    try overwrite(path, at: 4096, [UInt8](repeating: 0xA5, count: 2 * 4096))
    let error = await withCheckedContinuation { continuation in
      _ = writer.submit(Insert(3000...3000) { continuation.resume(returning: $0) })
    }
    #expect(error == nil)
    #expect(events.withLock { $0 } == ["rebuilt", "writable, misses"])
    await writer.stop()
    #expect(try await Subject().start(path) == [3000])
    #expect(names(folder).contains { $0.contains(".damaged-") })
  }

  @Test(.enabled(if: SmallDisk.isPossible))
  func `a full disk refuses what it cannot keep, and goes on when there is room`()
    async throws
  {
    let disk = try SmallDisk(kilobytes: 4096)
    let path = disk.path + "/s.db"
    let subject = Subject()
    #expect(try await subject.start(path) == [])
    #expect(await subject.insert(1...100) == nil)
    disk.fill()
    var refused: SQLiteError?
    var last: Int64 = 100
    while refused == nil, last < 100_000 {
      refused = await subject.insert(last + 1...last + 100)
      if refused == nil { last += 100 }
    }
    #expect(refused?.isOfDisk == true, "\(refused.map { "\($0)" } ?? "not full after \(last) rows")")
    #expect(await eventually { subject.events.withLock { $0 } == ["unwritable"] })
    #expect(!subject.writer.statistics.problem.isEmpty)
    disk.free()
    #expect(await eventually { await subject.insert(200_000...200_000) == nil })
    #expect(await eventually { subject.events.withLock { $0 } == ["unwritable", "writable"] })
    #expect(subject.writer.statistics.problem.isEmpty)
    await subject.writer.stop()
    #expect(try await Subject().start(path) == Array(1...last) + [200_000])
  }

  private func copy(_ from: String, _ to: String) throws {
    let source = open(from, O_RDONLY)
    let target = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(source >= 0 && target >= 0)
    defer {
      close(source)
      close(target)
    }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = read(source, &bytes, bytes.count), count > 0 {
      #expect(write(target, bytes, count) == count)
    }
  }

  @Test(.enabled(if: SmallDisk.isPossible), arguments: [false, true])
  func `from a read-only disk everything is read, and nothing is taken until it can be kept`(isKilled: Bool)
    async throws
  {
    let disk = try SmallDisk(kilobytes: 4096)
    let path = disk.path + "/s.db"
    do {
      let subject = Subject()
      _ = try await subject.start(path)
      #expect(await subject.insert(1...50) == nil)
      if isKilled {
        // As after a power cut: the rows are in the log alone.
        for name in ["s.db", "s.db-wal"] { try copy(disk.path + "/" + name, disk.path + "/copy-" + name) }
      }
      await subject.writer.stop()
      if isKilled {
        for name in ["s.db", "s.db-wal"] {
          #expect(rename(disk.path + "/copy-" + name, disk.path + "/" + name) == 0)
        }
      }
    }
    try disk.makeReadOnly(true)
    let subject = Subject()
    #expect(try await subject.start(path) == Array(1...50))
    #expect(subject.events.withLock { $0 } == ["unwritable"])
    #expect(await subject.insert(51...51)?.code.primary == .readOnly)
    #expect(!subject.writer.statistics.problem.isEmpty)
    try disk.makeReadOnly(false)
    #expect(await eventually { subject.events.withLock { $0.last } == "writable, misses" })
    #expect(await subject.insert(51...51) == nil)
    await subject.writer.stop()
    #expect(try await Subject().start(path) == Array(1...51))
  }
}
