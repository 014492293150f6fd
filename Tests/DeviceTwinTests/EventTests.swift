// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Logging
import Synchronization
import TestSupport
import Testing

@testable import DeviceTwin

private final class Recorder: EventRecorder {
  private let all = Mutex<[EventRecord]>([])
  func record(_ event: EventRecord) { all.withLock { $0.append(event) } }
  func events(_ kind: EventRecord.Kind) -> [EventRecord] { all.withLock { $0.filter { $0.kind == kind } } }
}

@Suite struct EventTests {
  private func manager(_ folder: TemporaryFolder, _ recorder: Recorder) async throws -> TwinManager {
    var log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    log.logLevel = .critical
    let twin = TwinManager(
      node: "edge-1", database: folder.file("twin.db"), publisher: RecordingPublisher(), events: recorder,
      log: log,
      options: .patient)
    try await twin.start()
    return twin
  }

  @Test func `a change tells who asked, and its outcome what came of it`() async throws {
    let recorder = Recorder()
    let folder = try TemporaryFolder()
    let twin = try await manager(folder, recorder)
    twin.deviceChanged(.mapped([.point("a", .int), .point("b", .int)]))
    #expect(recorder.events(.change).map(\.action) == ["declare"])
    #expect(recorder.events(.change).first?.caller?.name == "manifest")
    let feed = try #require(twin.feed(of: oneName))
    feed.attach(FakeDriver(answer: .ok))
    _ = try await twin.setDesired([("a", 5)], of: oneName, origin: .api, ifVersion: nil)
    try #require(await eventually { recorder.events(.outcome).count == 1 })
    let set = try #require(recorder.events(.change).last)
    #expect(set.action == "set")
    #expect(set.caller == .test)
    #expect(set.property == "a")
    #expect(set.details["desiredVersion"] == 1)
    let applied = try #require(recorder.events(.outcome).last)
    #expect(applied.action == "applied")
    #expect(applied.details["value"] == "5")
    feed.attach(FakeDriver(answer: .denied))
    _ = try await twin.setDesired([("a", 6)], of: oneName, origin: .api, ifVersion: nil)
    try #require(await eventually { recorder.events(.outcome).count == 2 })
    #expect(recorder.events(.outcome).last?.action == "failed")
    #expect(recorder.events(.outcome).last?.level == .warning)
    twin.deviceRemoved(oneName)
    #expect(recorder.events(.change).last?.action == "remove")
    await twin.stop()
    // What was declared before is no change after a start.
    let again = Recorder()
    let restarted = try await manager(folder, again)
    restarted.deviceChanged(.plain(makeName("two")))
    await restarted.stop()
    #expect(again.events(.change).map(\.action) == ["declare"])
  }

  @Test func `updates over MQTT and refused ones`() async throws {
    let recorder = Recorder()
    let twin = try await manager(try TemporaryFolder(), recorder)
    twin.deviceChanged(.plain(oneName, [PropertyDescription(name: "a", type: .int, isWritable: true)]))
    let topic = "$hw/events/device/\(oneName)/twin/update"
    for text in [
      #"{"twin":{"a":{"expected":{"value":"5"}}}}"#, #"{"twin":{"a":{"expected":{"value":"x"}}}}"#,
    ] {
      Array(text.utf8).withUnsafeBytes { twin.receive($0, on: topic) }
    }
    try #require(await eventually { recorder.events(.change).count == 2 })
    #expect(recorder.events(.change).last?.caller?.name == "mqtt")
    await twin.stop()
    #expect(recorder.events(.change).count == 2)
  }
}
