// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import MapperHost

/// With real files: what a watcher tells, in order.
@Suite struct FolderWatcherTests {
  private final class Events: Sendable {
    private let texts = Mutex<[String]>([])
    /// Kept, so that their files stay.
    private let snapshots = Mutex<[Snapshot]>([])

    func add(_ event: FolderEvent) {
      switch event {
      case .found(let place, let snapshot):
        snapshots.withLock { $0.append(snapshot) }
        let content = (try? OpenFile(path: snapshot.path).bytes(at: 120, count: 100)) ?? []
        add("found \(place.folder)/\(place.file) \(String(decoding: content, as: UTF8.self))")
      case .rejected(let place, let reason): add("rejected \(place.file) \(reason)")
      case .removed(let place): add("removed \(place.folder)/\(place.file)")
      case .firstLookDone: add("looked")
      }
    }

    private func add(_ text: String) { texts.withLock { $0.append(text) } }
    var all: [String] { texts.withLock { $0 } }
    func forgetSnapshots() { snapshots.withLock { $0 = [] } }
  }

  private let root: TemporaryFolder
  private let folder: String
  private let store: SnapshotStore
  private let events = Events()

  init() throws {
    root = try TemporaryFolder()
    folder = try root.makeFolder("mappers")
    store = SnapshotStore(folder: root.path + "/snapshots")
    try store.prepare()
  }

  private func watch(_ folders: [String]? = nil, _ body: () async throws -> Void) async throws {
    let watcher = try FolderWatcher(folders: folders ?? [folder], store: store) { [events] in events.add($0) }
    defer { watcher.stop() }
    #expect(await eventually { events.all.contains("looked") })
    try await body()
  }

  private func comes(_ expected: [String]) async -> Bool { await eventually { events.all == expected } }

  @Test func `what is there at the start is found first`() async throws {
    try write(FakeLibrary.bytes("one"), to: folder + "/one.so")
    var times = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
    utimes(folder + "/one.so", &times)
    try await watch {
      #expect(await comes(["found 0/one.so one", "looked"]), "\(events.all)")
    }
  }

  @Test func `files that are no libraries by name are not looked at`() async throws {
    try await watch {
      for name in ["readme.txt", "libfoo.so.1", ".hidden.so", ".so"] {
        try write(FakeLibrary.bytes("x"), to: folder + "/" + name)
      }
      try moveInto(folder + "/last.so", FakeLibrary.bytes("last"))
      #expect(await comes(["looked", "found 0/last.so last"]), "\(events.all)")
    }
  }

  @Test func `a file that is written bit by bit is taken when it is whole`() async throws {
    try await watch {
      let bytes = FakeLibrary.bytes("slow")
      let file = open(folder + "/slow.so", O_WRONLY | O_CREAT, 0o644)
      #expect(file >= 0)
      for byte in bytes {
        #expect([byte].withUnsafeBytes { Glibc.write(file, $0.baseAddress, 1) } == 1)
        // Longer than what counts as standing still, once, in the middle.
        if byte == UInt8(ascii: "l") { try await Task.sleep(for: .milliseconds(600)) }
      }
      #expect(events.all == ["looked"])
      close(file)
      #expect(await comes(["looked", "found 0/slow.so slow"]), "\(events.all)")
    }
  }

  @Test func `a file that stays cut off is rejected, and taken when the rest comes`() async throws {
    try await watch {
      let bytes = FakeLibrary.bytes("whole")
      try write(bytes.dropLast(2), to: folder + "/cut.so")
      let rejected = "rejected cut.so the file is cut off: it has 123 bytes of 125 that its ELF headers name"
      #expect(await comes(["looked", rejected]), "\(events.all)")
      try write(bytes, to: folder + "/cut.so")
      #expect(await comes(["looked", rejected, "found 0/cut.so whole"]), "\(events.all)")
    }
  }

  @Test func `a file that another is renamed over is new`() async throws {
    try await watch {
      try moveInto(folder + "/a.so", FakeLibrary.bytes("first"))
      #expect(await comes(["looked", "found 0/a.so first"]))
      try moveInto(folder + "/a.so", FakeLibrary.bytes("second"))
      #expect(await comes(["looked", "found 0/a.so first", "found 0/a.so second"]), "\(events.all)")
    }
  }

  @Test func `overwriting a file in place leaves its snapshot alone`() async throws {
    try await watch {
      try write(FakeLibrary.bytes("first"), to: folder + "/a.so")
      #expect(await comes(["looked", "found 0/a.so first"]))
      let before = try Folder.names(in: store.folder)
      try write(FakeLibrary.bytes("other"), to: folder + "/a.so")
      #expect(await comes(["looked", "found 0/a.so first", "found 0/a.so other"]), "\(events.all)")
      let after = try Folder.names(in: store.folder)
      #expect(Set(before).isSubset(of: after) && after.count == 2)
      events.forgetSnapshots()
      #expect(try Folder.names(in: store.folder) == [])
    }
  }

  @Test func `a removed file is told, one that comes back at once is not`() async throws {
    try await watch {
      try write(FakeLibrary.bytes("a"), to: folder + "/a.so")
      #expect(await comes(["looked", "found 0/a.so a"]))
      unlink(folder + "/a.so")
      try write(FakeLibrary.bytes("b"), to: folder + "/a.so")
      #expect(await comes(["looked", "found 0/a.so a", "found 0/a.so b"]))
      unlink(folder + "/a.so")
      #expect(await comes(["looked", "found 0/a.so a", "found 0/a.so b", "removed 0/a.so"]), "\(events.all)")
    }
  }

  @Test func `folders that do not exist are waited for, also after they went away`() async throws {
    let late = root.path + "/not/yet/there"
    try await watch([folder, late]) {
      try Folder.create(late, mode: 0o755)
      try write(FakeLibrary.bytes("late"), to: late + "/late.so")
      #expect(await comes(["looked", "found 1/late.so late"]), "\(events.all)")
      #expect(system("rm -rf '\(root.path)/not'") == 0)
      #expect(await comes(["looked", "found 1/late.so late", "removed 1/late.so"]), "\(events.all)")
      try Folder.create(late, mode: 0o755)
      try write(FakeLibrary.bytes("again"), to: late + "/late.so")
      #expect(
        await comes(["looked", "found 1/late.so late", "removed 1/late.so", "found 1/late.so again"]),
        "\(events.all)")
    }
  }

  @Test func `two equal files share a snapshot until both are gone`() async throws {
    try await watch {
      try moveInto(folder + "/a.so", FakeLibrary.bytes("same"))
      try moveInto(folder + "/b.so", FakeLibrary.bytes("same"))
      #expect(await comes(["looked", "found 0/a.so same", "found 0/b.so same"]), "\(events.all)")
      #expect(try Folder.names(in: store.folder).count == 1)
    }
  }
}
