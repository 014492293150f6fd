// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import EventBus
import JSON
import Logging
import NIOHTTP1
import TestSupport
import Testing

@testable import Push

/// From a sample to a server of each kind.
struct PushTests {
  private static let time: Int64 = 1_795_000_000_123_456_789

  private static func http(_ port: Int, path: String = "/values", timeout: Int = 5_000) -> PushMethod {
    .http(.init(url: ServerURL(host: "127.0.0.1", port: port, path: path), timeout: timeout))
  }

  @Test func `posts a form as KubeEdge's mappers do, by one connection`() async throws {
    let server = try await RecordingServer()
    let push = try await Push.started()
    let device = try makeDevice(properties("temp eratur&e", .double, Self.http(server.port)))
    let sink = try #require(push.sink(for: device))
    await give(.double(21.5), at: Self.time, to: sink, push)
    await give(.double(-3), at: Self.time + 1_000_000_000, to: sink, push)
    #expect(await eventually { server.requests.count == 2 })
    let requests = server.requests
    #expect(requests[0].text.hasPrefix("temp+eratur%26e=21.5&time=2026-"))
    #expect(requests[0].path == "/values")
    #expect(requests[0].method == .POST)
    #expect(requests[0].headers["content-type"] == ["application/x-www-form-urlencoded"])
    #expect(requests[1].text.hasPrefix("temp+eratur%26e=-3"))
    #expect(requests.map(\.connection) == [0, 0])
    #expect(await eventually { push.statistics[0].sent == 2 })
    await push.stop()
    await server.close()
  }

  @Test func `posts an object where the configuration says so`() async throws {
    let server = try await RecordingServer()
    let push = try await Push.started { $0.format = .json }
    let device = try makeDevice(properties("p", .float, Self.http(server.port)))
    let sink = try #require(push.sink(for: device))
    await give(.float(0.1), at: Self.time, to: sink, push)
    #expect(await eventually { server.requests.count == 1 })
    #expect(
      server.requests[0].text == """
        {"namespace":"default","device":"one","property":"p","value":0.1,"type":"float","unit":"C",\
        "timestamp":1795000000123}
        """)
    #expect(server.requests[0].headers["content-type"] == ["application/json"])
    await push.stop()
    await server.close()
  }

  @Test func `pushes the latest value at the report cycle, and none twice`() async throws {
    let server = try await RecordingServer()
    let push = try await Push.started { $0.format = .json }
    var device = try makeDevice(properties("p", .int, Self.http(server.port)))
    device.properties[0].reportCycleMilliseconds = 200
    let sink = try #require(push.sink(for: device))
    for number in 0..<50 {
      sink.take([Sample(property: 0, quality: .good, value: .int(Int64(number)))], arrival: Self.time)
    }
    // A reading that failed says nothing.
    sink.take([Sample(property: 0, failure: SampleFailure(status: .timeout, text: ""))], arrival: Self.time)
    #expect(await eventually { push.statistics[0].sent > 0 })
    await push.stop()
    // At most one cycle lay between the values.
    #expect(server.requests.count <= 2)
    #expect(server.requests.last?.text.contains("\"value\":49,") == true)
    await server.close()
  }

  @Test func `tries again with the same value, in order, until the server takes it`() async throws {
    let server = try await RecordingServer()
    server.answer { number in .init(status: number < 3 ? 503 : 200, body: "busy\nnow") }
    let push = try await Push.started { $0.format = .json }
    let sink = try #require(push.sink(for: makeDevice(properties("p", .int, Self.http(server.port)))))
    await give(.int(1), at: Self.time, to: sink, push)
    #expect(await eventually { push.statistics[0].problem == "status 503: busy now" })
    await give(.int(2), at: Self.time, to: sink, push)
    #expect(await eventually { push.statistics[0].sent == 2 })
    #expect(push.statistics[0].failures == 3)
    #expect(push.statistics[0].problem.isEmpty)
    let values = server.requests.map { $0.text.contains("\"value\":1,") ? 1 : 2 }
    #expect(values == [1, 1, 1, 1, 2])
    await push.stop()
    await server.close()
  }

  @Test func `gives up what the server refuses, and counts it`() async throws {
    let server = try await RecordingServer()
    server.answer { number in .init(status: number == 0 ? 422 : 200) }
    let push = try await Push.started()
    let sink = try #require(push.sink(for: makeDevice(properties("p", .int, Self.http(server.port)))))
    await give(.int(1), at: Self.time, to: sink, push)
    #expect(await eventually { push.statistics[0].refused == 1 })
    await give(.int(2), at: Self.time, to: sink, push)
    #expect(await eventually { push.statistics[0].sent == 1 })
    await push.stop()
    await server.close()
  }

  @Test func `bounds what waits for a server that takes nothing, and brings it when it does`() async throws {
    let server = try await RecordingServer()
    server.answer { _ in .init(status: 503) }
    let push = try await Push.started {
      $0.queueLimit = 10
      $0.format = .json
    }
    let sink = try #require(push.sink(for: makeDevice(properties("p", .int, Self.http(server.port)))))
    for number in 0..<30 { await give(.int(Int64(number)), at: Self.time, to: sink, push) }
    #expect(push.statistics[0].waiting == 10)
    #expect(push.statistics[0].dropped == 20)
    server.answer { _ in .init() }
    #expect(await eventually { push.statistics[0].sent == 10 })
    #expect(server.requests.last?.text.contains("\"value\":29,") == true)
    await push.stop()
    await server.close()
  }

  @Test func `says that nobody listens, and counts what could not be sent before the stop`() async throws {
    let push = try await Push.started { $0.drainLimit = 50 }
    let sink = try #require(push.sink(for: makeDevice(properties("p", .int, Self.http(1)))))
    await give(.int(1), at: Self.time, to: sink, push)
    #expect(await eventually { push.statistics[0].problem == "Connection refused" })
    #expect(push.statistics[0].waiting == 1)
    await push.stop()
  }

  @Test func `waits no longer than the manifest says, and takes a new connection`() async throws {
    let server = try await RecordingServer()
    server.answer { number in number == 0 ? .init(isSilent: true) : .init(closes: true) }
    let push = try await Push.started()
    let method = Self.http(server.port, timeout: 300)
    let sink = try #require(push.sink(for: makeDevice(properties("p", .int, method))))
    await give(.int(1), at: Self.time, to: sink, push)
    #expect(await eventually { push.statistics[0].sent == 1 })
    #expect(push.statistics[0].failures > 0)
    await give(.int(2), at: Self.time, to: sink, push)
    #expect(await eventually { push.statistics[0].sent == 2 })
    // Each by a connection of its own, however often it was tried.
    let connections = server.requests.map(\.connection)
    #expect(connections.count >= 3 && Set(connections).count == connections.count)
    await push.stop()
    await server.close()
  }

  @Test func `publishes to a broker as KubeEdge's mappers do, with QoS and retain of the manifest`()
    async throws
  {
    let broker = try MosquittoServer()
    try await broker.start()
    let outlets = BrokerOutlets(EventBusOptions(), log: quiet)
    let push = try await Push.started(outlets: outlets)
    let method = PushMethod.mqtt(.init(address: broker.url, topic: "plant/temp", qos: 2, retained: true))
    let sink = try #require(push.sink(for: makeDevice(properties("p", .double, method))))
    await give(.double(21.5), at: Self.time, to: sink, push)
    #expect(await eventually { push.statistics[0].sent == 1 })
    await push.stop()
    let client = try await MQTTTestClient(port: broker.port)
    try await client.subscribe("plant/#", qos: 2)
    let messages = await client.messages(count: 1)
    #expect(messages.map(\.isRetained) == [true])
    #expect(messages.map(\.qos) == [2])
    #expect(messages.first?.text.hasPrefix("time is 2026-") == true)
    #expect(messages.first?.text.hasSuffix("  plant/temp: 21.5") == true)
  }

  @Test func `takes values that came over MQTT or HTTP, and a device as it is described anew`() async throws {
    let server = try await RecordingServer()
    let push = try await Push.started { $0.format = .json }
    let device = try makeDevice(properties("p", .int, Self.http(server.port)))
    push.deviceChanged(device)
    push.reported(.int(7), of: "p", as: .int, device: device.name, time: Self.time)
    push.reported(.int(7), of: "other", as: .int, device: device.name, time: Self.time)
    #expect(await eventually { server.requests.count == 1 })
    #expect(push.statistics.map(\.destination) == ["http://127.0.0.1:\(server.port)/values"])

    let moved = try makeDevice(properties("p", .int, Self.http(server.port, path: "/moved")))
    push.deviceChanged(moved)
    push.reported(.int(8), of: "p", as: .int, device: device.name, time: Self.time)
    #expect(await eventually { server.requests.last?.path == "/moved" })
    #expect(push.statistics.count == 1)
    push.deviceRemoved(device.name)
    #expect(push.statistics.isEmpty)
    #expect(push.sink(for: try makeDevice([("p", .int, [])])) == nil)
    await push.stop()
    await server.close()
  }

  private func properties(
    _ name: String, _ type: PropertyType, _ method: PushMethod
  ) -> [(name: String, type: PropertyType, push: [PushMethod])] { [(name, type, [method])] }
}
