// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Journal

@Suite struct JournalTests {
  /// Runs `body` with a log on `folder` between start and stop.
  private func running<Result>(
    _ options: JournalOptions, _ body: (Journal) async throws -> Result
  ) async throws -> Result {
    var log = Logger(label: "test")
    log.logLevel = .critical
    let journal = Journal(options, log: log)
    try await journal.start()
    do {
      let result = try await body(journal)
      await journal.stop()
      return result
    } catch {
      await journal.stop()
      throw error
    }
  }

  private func event(_ number: Int, kind: EventRecord.Kind = .node) -> EventRecord {
    EventRecord(kind, "test", "event \(number)", details: ["number": .int(Int64(number))])
  }

  @Test func `numbers go on over a restart, and what was before is still shown`() async throws {
    try await withTemporaryFolder { folder in
      let options = JournalOptions(folder: folder + "/events")
      let record = EventRecord(
        .change, "set", "sets speed", level: .warning, device: DeviceName(parsing: "default/pump-1"),
        property: "speed",
        caller: Caller(name: "root", source: "unix socket, pid 1", scope: .admin), problem: "no \"link\"",
        details: ["value": 22.5, "note": "a\nb"])
      try await running(options) { journal in
        journal.record(record)
        for number in 2...5 { journal.record(event(number)) }
        #expect(journal.newest == 5)
      }
      try await running(options) { journal in
        journal.record(event(6))
        let events = journal.events(EventFilter(), before: nil, limit: 10)
        #expect(events.map(\.id) == [6, 5, 4, 3, 2, 1])
        let first = try #require(events.last).record
        #expect(first.device == record.device && first.property == "speed" && first.level == .warning)
        #expect(first.caller?.name == "root" && first.caller?.source == "unix socket, pid 1")
        #expect(first.problem == record.problem && first.details == record.details)
      }
    }
  }

  @Test func `waits for events that come later, and tells what is no longer kept`() async throws {
    var options = JournalOptions(folder: nil)
    options.kept = 3
    try await running(options) { journal in
      async let waited = journal.next(after: 0, EventFilter(kinds: [.change]), limit: 10)
      #expect(await eventually { journal.statistics.followers == 1 })
      journal.record(event(1))
      journal.record(event(2, kind: .change))
      let (events, missed) = await waited
      #expect(events.map(\.id) == [2] && missed == 0)
      for number in 3...7 { journal.record(event(number)) }
      let late = await journal.next(after: 2, EventFilter(), limit: 10)
      #expect(late.events.map(\.id) == [5, 6, 7] && late.missed == 2)
    }
  }

  @Test func `a follower ends when it is cancelled and when the log closes`() async throws {
    try await running(JournalOptions(folder: nil)) { journal in
      let cancelled = Task { await journal.next(after: 0, EventFilter(), limit: 1).events.count }
      #expect(await eventually { journal.statistics.followers == 1 })
      cancelled.cancel()
      #expect(await cancelled.value == 0)
      let closed = Task { await journal.next(after: 0, EventFilter(), limit: 1).events.count }
      #expect(await eventually { journal.statistics.followers == 1 })
      await journal.stop()
      #expect(await closed.value == 0)
    }
  }

  @Test func `filters by kind, level, device and namespace`() async throws {
    try await running(JournalOptions(folder: nil)) { journal in
      journal.record(
        EventRecord(.link, "online", "up", device: DeviceName(parsing: "a/one")))
      journal.record(
        EventRecord(.link, "offline", "down", level: .error, device: DeviceName(parsing: "b/two")))
      journal.record(EventRecord(.node, "started", "starts", level: .warning))
      func ids(_ filter: EventFilter) -> [UInt64] {
        journal.events(filter, before: nil, limit: 10).map(\.id)
      }
      #expect(ids(EventFilter(kinds: [.link])) == [2, 1])
      #expect(ids(EventFilter(level: .warning)) == [3, 2])
      #expect(ids(EventFilter(device: DeviceName(parsing: "a/one"))) == [1])
      #expect(ids(EventFilter(namespaces: ["b"])) == [2])
      #expect(journal.events(EventFilter(), before: 3, limit: 1).map(\.id) == [2])
    }
  }

  @Test func `files are bounded in size and number`() async throws {
    try await withTemporaryFolder { folder in
      var options = JournalOptions(folder: folder + "/events")
      options.fileBytes = 2000
      options.files = 2
      try await running(options) { journal in
        for number in 1...300 {
          journal.record(event(number))
          // One at a time: a batch goes to one file.
          #expect(await eventually { journal.statistics.written == UInt64(number) })
        }
      }
      let files = try #require(Self.names(in: folder + "/events"))
      #expect(files.count == 3)
      for file in files {
        var status = stat()
        #expect(stat(folder + "/events/" + file, &status) == 0 && status.st_size < 2300)
        #expect(status.st_mode & 0o027 == 0)
      }
    }
  }

  @Test func `half a line from a power cut is cut off, and damaged lines cost only themselves`() async throws
  {
    try await withTemporaryFolder { folder in
      let options = JournalOptions(folder: folder + "/events")
      try await running(options) { journal in
        for number in 1...3 { journal.record(event(number)) }
      }
      let path = folder + "/events/" + (try #require(Self.names(in: folder + "/events")?.first))
      Self.append("not JSON\n{\"id\":4,\"time\":\"20", to: path)
      try await running(options) { journal in
        journal.record(event(4))
        #expect(journal.events(EventFilter(), before: nil, limit: 10).map(\.id) == [4, 3, 2, 1])
      }
      try await running(options) { journal in
        #expect(journal.events(EventFilter(), before: nil, limit: 10).map(\.id) == [4, 3, 2, 1])
      }
    }
  }

  @Test func `without a disk memory goes on, and what waits is written once it is back`() async throws {
    try await withTemporaryFolder { folder in
      // Something else is where the folder should be.
      Self.append("x", to: folder + "/events")
      var options = JournalOptions(folder: folder + "/events")
      options.retryDelay = .milliseconds(20)
      try await running(options) { journal in
        journal.record(event(1))
        #expect(await eventually { journal.statistics.failures > 1 })
        #expect(journal.statistics.problem.contains("events"))
        #expect(journal.events(EventFilter(), before: nil, limit: 10).count == 1)
        unlink(folder + "/events")
        #expect(await eventually { journal.statistics.written == 1 })
        #expect(journal.statistics.problem.isEmpty)
      }
    }
  }

  @Test func `a full disk loses nothing that fits the queue, and the rest is counted`() async throws {
    try await withTemporaryFolder { folder in
      Self.append("x", to: folder + "/events")
      var options = JournalOptions(folder: folder + "/events")
      options.queue = 4
      options.retryDelay = .seconds(3600)
      try await running(options) { journal in
        journal.record(event(1))
        #expect(await eventually { journal.statistics.failures == 1 })
        for number in 2...9 { journal.record(event(number)) }
        #expect(journal.statistics.dropped == 5)
        #expect(journal.statistics.queueDepth == 4)
      }
    }
  }

  @Test func `changes are synced soon, other events are not waited for`() async throws {
    try await withTemporaryFolder { folder in
      var options = JournalOptions(folder: folder + "/events")
      options.syncDelay = .milliseconds(1)
      try await running(options) { journal in
        journal.record(event(1))
        #expect(await eventually { journal.statistics.written == 1 })
        #expect(journal.statistics.syncs == 0)
        journal.record(event(2, kind: .change))
        #expect(await eventually { journal.statistics.syncs == 1 })
      }
    }
  }

  @Test func `long texts are cut and long details left out`() async throws {
    try await running(JournalOptions(folder: nil)) { journal in
      journal.record(
        EventRecord(
          .change, "set", String(repeating: "x", count: 5000),
          details: ["value": .string(String(repeating: "y", count: 100_000))]))
      let record = try #require(journal.events(EventFilter(), before: nil, limit: 1).first).record
      #expect(record.text.utf8.count < 1100)
      #expect((record.details["omittedBytes"]?.int ?? 0) > 100_000)
    }
  }

  @Test func `many threads record at once, and each number is given once`() async throws {
    try await withTemporaryFolder { folder in
      var options = JournalOptions(folder: folder + "/events")
      options.kept = 5000
      try await running(options) { journal in
        await withTaskGroup(of: Void.self) { group in
          for task in 0..<8 {
            group.addTask { for number in 0..<500 { journal.record(event(task * 1000 + number)) } }
          }
        }
        #expect(
          journal.events(EventFilter(), before: nil, limit: 5000).map(\.id)
            == (1...4000).reversed().map { UInt64($0) })
      }
      try await running(options) { journal in #expect(journal.newest == 4000) }
    }
  }

  // MARK: - Files

  private func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/journal-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer {
      for name in Self.names(in: folder + "/events") ?? [] { unlink(folder + "/events/" + name) }
      rmdir(folder + "/events")
      unlink(folder + "/events")
      rmdir(folder)
    }
    try await body(folder)
  }

  private static func names(in folder: String) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func append(_ text: String, to path: String) {
    guard let file = fopen(path, "a") else { return }
    fputs(text, file)
    fclose(file)
  }
}
