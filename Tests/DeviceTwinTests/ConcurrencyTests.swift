// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
import DeviceTwin
import JSON
import Store
import TestSupport
import Testing

@Suite struct ConcurrencyTests {
  /// Feeds, MQTT updates, the API, watchers and new descriptions at once; then memory and disk must agree.
  @Test func `many threads leave memory and disk alike`() async throws {
    let folder = try TemporaryFolder()
    let bench = try await TwinBench(folder: folder)
    let twin = bench.twin
    let names = (0..<4).compactMap { DeviceName(namespace: "default", name: "d\($0)") }
    let points: [PropertyDescription] = (0..<8).map { .point("p\($0)", .int, cycle: 2) }
    for name in names { twin.deviceChanged(.mapped(points, name: name)) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, name) in names.enumerated() {
        let feed = try #require(twin.feed(of: name))
        feed.attach(FakeDriver(answer: index == 0 ? .timeout : .ok))
        feed.linkChanged(to: .online, reason: "", at: 1)
        group.addTask {
          for round in 1...300 {
            feed.receive(
              (0..<8).map { Sample(property: $0, quality: .good, value: .int(Int64(round * ($0 + 1)))) },
              arrival: Int64(round))
            if round % 50 == 0 { await Task.yield() }
          }
        }
        group.addTask {
          for round in 1...100 {
            _ = try await twin.setDesired(
              [("p0", .int(Int64(round))), ("p1", .int(Int64(-round)))], of: name, origin: .api,
              ifVersion: nil)
          }
        }
        group.addTask {
          for round in 1...200 {
            bench.update(
              #"{"event_id":"\#(round)","twin":{"extra":{"actual":{"value":"\#(round)"}}}}"#,
              of: name.description)
            if round % 20 == 0 { bench.update(#"{"twin":{"extra":null}}"#, of: name.description) }
          }
        }
        group.addTask {
          for round in 1...20 {
            var again = DeviceDescription.mapped(points, name: name)
            again.labels = ["round": "\(round)"]
            twin.deviceChanged(again)
            await Task.yield()
          }
        }
        group.addTask {
          let watch = twin.watch(WatchFilter(device: name))
          var last: UInt64 = 0
          for _ in 0..<50 {
            guard case .changed(let snapshot)? = await watch.next() else { return }
            #expect(snapshot.change >= last)
            last = snapshot.change
          }
        }
      }
      try await group.waitForAll()
    }
    // 200 updates and 10 deletions of 4 devices, each answered.
    #expect(await eventually { bench.publisher.texts("twin/update/result").count == 840 })
    for name in names {
      let numbers = bench.publisher.messages.filter { $0.topic.hasSuffix("\(name)/twin/update/result") }
        .compactMap { try? JSON.parse($0.text)["event_id"]?.string.flatMap { Int($0) } }
      #expect(numbers == Array(1...200), "the answers keep the order of the requests")
    }
    await twin.stop()
    let again = try await TwinBench(folder: folder)
    for name in names {
      let memory = try #require(twin.device(name))
      let disk = try #require(again.twin.device(name))
      func sorted(_ snapshot: DeviceSnapshot) -> [PropertySnapshot] {
        snapshot.properties.sorted { $0.name < $1.name }
      }
      #expect(sorted(disk).map(\.name) == sorted(memory).map(\.name))
      #expect(sorted(disk).map { $0.reported?.value } == sorted(memory).map { $0.reported?.value })
      #expect(sorted(disk).map { $0.desired?.value } == sorted(memory).map { $0.desired?.value })
      #expect(sorted(disk).map { $0.desired?.version } == sorted(memory).map { $0.desired?.version })
      #expect(disk.desiredVersion == memory.desiredVersion)
      #expect(disk.reportedVersion == memory.reportedVersion)
      #expect(disk.properties.first { $0.name == "p7" }?.reported?.value == .int(2400))
    }
    await again.twin.stop()
  }
}
