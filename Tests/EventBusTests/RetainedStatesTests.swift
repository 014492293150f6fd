// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Synchronization
import TestSupport
import Testing

@testable import EventBus

/// What dashboards find at the broker.
struct RetainedStatesTests {
  /// Devices that a test changes as it likes.
  private final class Twins: TwinService {
    private final class Watch: TwinWatch {
      let changes: AsyncStream<TwinChange>
      let source: AsyncStream<TwinChange>.Continuation

      init() { (changes, source) = AsyncStream.makeStream(of: TwinChange.self) }

      func next() async -> TwinChange? {
        for await change in changes { return change }
        return nil
      }

      func cancel() { source.finish() }
    }

    private let devices = Mutex<[DeviceName: DeviceSnapshot]>([:])
    private let stream = Watch()

    func deviceNames() -> [DeviceName] { devices.withLock { $0.keys.sorted() } }
    func device(_ name: DeviceName) -> DeviceSnapshot? { devices.withLock { $0[name] } }
    func watch(_ filter: WatchFilter) -> any TwinWatch { stream }

    func set(_ name: DeviceName, _ value: Int64) {
      let reported = ReportedSnapshot(
        value: .int(value), quality: .good, sourceTime: 0, time: 5_000_000, failure: nil)
      let property = PropertySnapshot(
        name: "p", type: .int, isWritable: true, minimum: nil, maximum: nil, unit: "C", isMapped: true,
        reported: reported, desired: nil, inSync: true, change: 1)
      let snapshot = DeviceSnapshot(
        name: name, model: "m", labels: [:], protocolName: nil, link: LinkSnapshot(state: .online),
        desiredVersion: 1, reportedVersion: 2, properties: [property], change: 1, sequence: 0)
      devices.withLock { $0[name] = snapshot }
      stream.source.yield(.changed(snapshot))
    }

    func remove(_ name: DeviceName) {
      devices.withLock { $0[name] = nil }
      stream.source.yield(.removed(name))
    }
  }

  private static let topic = "selvedge/edge-1/default/one/twin"

  private static func text(_ value: Int) -> String {
    """
    {"timestamp":9,"node":"edge-1","device":"default/one","state":"online","desiredVersion":1,"reportedVersion":2,\
    "properties":{"p":{"value":\(value),"quality":"good","timestamp":5,"unit":"C"}}}
    """
  }

  /// What a client finds that subscribes now.
  private static func kept(_ server: MosquittoServer) async throws -> [MQTTTestClient.Message] {
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("selvedge/#")
    try await client.publish("end", to: "selvedge/end")
    _ = await eventually { client.texts(on: "selvedge/end") == ["end"] }
    return client.messages.filter { $0.topic != "selvedge/end" }
  }

  @Test func `keeps the last state, also over a new broker, and takes it back`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    let bus = try await EventBus.started(on: server.port)
    #expect(await bus.isConnected())
    let twins = Twins()
    let name = try #require(DeviceName(namespace: "default", name: "one"))
    let states = RetainedStates(
      node: "edge-1", twins: twins, publisher: bus, interval: .milliseconds(10),
      clock: WallClock { 9_000_000 }
    ) { bus.statistics[0].reconnects + (bus.statistics[0].isConnected ? 1 : 0) }
    try await states.start()
    twins.set(name, 1)
    twins.set(name, 2)
    #expect(try await eventually { try await Self.kept(server).map(\.text) == [Self.text(2)] })
    #expect(try await Self.kept(server).allSatisfy { $0.isRetained && $0.topic == Self.topic })

    // This broker keeps nothing over its end.
    server.kill()
    #expect(await eventually { !bus.statistics[0].isConnected })
    twins.set(name, 3)
    try await server.start()
    #expect(await bus.isConnected(within: .seconds(30)))
    #expect(try await eventually { try await Self.kept(server).map(\.text) == [Self.text(3)] })

    twins.remove(name)
    #expect(try await eventually { try await Self.kept(server).isEmpty })
    await states.stop()
    await bus.stop()
  }
}
