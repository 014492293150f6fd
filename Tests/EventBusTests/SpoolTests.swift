// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
@testable import EventBus
import TestSupport
import Testing

/// Telemetry through the outages of a real broker.
struct SpoolTests {
  private static let topic = MessageTopic("$ke/events/device/default/one/data/update")
  private static let free = ["max_queued_messages 0", "max_inflight_messages 0"]

  private static func adjust(_ folder: TemporaryFolder) -> (inout EventBusOptions) -> Void {
    { options in
      options.telemetryQoS = 1
      options.spool = SpoolOptions(folder: folder.path)
      options.spool?.replayRate = 0
    }
  }

  private static func publish(_ numbers: Range<Int>, _ bus: EventBus) {
    for number in numbers {
      #expect(bus.publish("{\"seq\":\(number)}", to: topic, as: .telemetry))
    }
  }

  /// The numbers that came, in order: fresh ones and replayed ones.
  private static func numbers(_ client: MQTTTestClient) -> (fresh: [Int], replayed: [Int]) {
    var found: (fresh: [Int], replayed: [Int]) = ([], [])
    for text in client.texts(on: topic.description) {
      let number = Int(text.dropFirst(7).prefix { $0.isNumber }) ?? -1
      if text.hasSuffix(",\"replay\":true}") {
        found.replayed.append(number)
      } else {
        found.fresh.append(number)
      }
    }
    return found
  }

  /// Starts the broker again and subscribes before the bus is back; false: the bus was faster, so nothing was seen.
  private static func subscribeFirst(_ server: MosquittoServer, _ bus: EventBus) async throws
    -> MQTTTestClient?
  {
    try await server.start()
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("$ke/#")
    return bus.statistics[0].spool?.replayed == 0 && !bus.statistics[0].isConnected ? client : nil
  }

  @Test func `brings everything once and in order over an outage, in flight or not`() async throws {
    for attempt in 1...8 {
      let folder = try TemporaryFolder()
      let server = try MosquittoServer(Self.free)
      try await server.start()
      let bus = try await EventBus.started(on: server.port, Self.adjust(folder))
      #expect(await bus.isConnected())
      let before = try await MQTTTestClient(port: server.port)
      try await before.subscribe("$ke/#")
      Self.publish(0..<50, bus)
      #expect(await before.messages(count: 50).count == 50)
      #expect(await eventually { bus.statistics[0].messagesUnderWay == 0 })

      server.pause()
      // More than the library is given at once.
      Self.publish(50..<500, bus)
      server.kill()
      #expect(await eventually { !bus.statistics[0].isConnected })
      Self.publish(500..<3_000, bus)
      let client = try await Self.subscribeFirst(server, bus)
      guard let client else {
        await bus.stop()
        #expect(attempt < 8, "the subscription was never early enough")
        continue
      }
      #expect(await bus.isConnected())
      Self.publish(3_000..<3_010, bus)
      #expect(await eventually { bus.statistics[0].spool?.replayed == 2_950 })
      _ = await client.messages(count: 2_960, within: .seconds(30))
      let (fresh, replayed) = Self.numbers(client)
      #expect(replayed == Array(50..<3_000))
      #expect(fresh == Array(3_000..<3_010))
      let spool = try #require(bus.statistics[0].spool)
      #expect(spool.messages == 0)
      #expect(spool.dropped == 0)
      #expect(bus.statistics[0].droppedTelemetry.total == 0)
      #expect(await eventually { bus.statistics[0].spool?.bytes == 0 })
      await bus.stop()
      return
    }
  }

  @Test func `keeps over a restart of the agent what the broker has not got`() async throws {
    for attempt in 1...8 {
      let folder = try TemporaryFolder()
      let server = try MosquittoServer(Self.free)
      try await server.start()
      let first = try await EventBus.started(on: server.port, Self.adjust(folder))
      #expect(await first.isConnected())
      server.pause()
      Self.publish(0..<400, first)
      server.kill()
      #expect(await eventually { !first.statistics[0].isConnected })
      Self.publish(400..<1_000, first)
      await first.stop()
      #expect(!first.publish("{}", to: Self.topic, as: .telemetry))

      let second = try await EventBus.started(on: server.port, Self.adjust(folder))
      #expect(await eventually { second.statistics[0].spool?.messages == 1_000 })
      Self.publish(1_000..<1_100, second)
      let client = try await Self.subscribeFirst(server, second)
      guard let client else {
        await second.stop()
        #expect(attempt < 8, "the subscription was never early enough")
        continue
      }
      #expect(await second.isConnected())
      _ = await client.messages(count: 1_100, within: .seconds(30))
      #expect(Self.numbers(client).replayed == Array(0..<1_100))
      await second.stop()
      return
    }
  }

  @Test func `spools what a broker that stands still has no room for, and loses nothing of it`() async throws
  {
    let folder = try TemporaryFolder()
    let server = try MosquittoServer(Self.free)
    try await server.start()
    let bus = try await EventBus.started(on: server.port) { options in
      Self.adjust(folder)(&options)
      options.limits.messages = 200
    }
    #expect(await bus.isConnected())
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("$ke/#")
    server.pause()
    Self.publish(0..<2_000, bus)
    #expect(bus.statistics[0].messagesUnderWay == 100)
    server.resume()
    _ = await client.messages(count: 2_000, within: .seconds(30))
    let (fresh, replayed) = Self.numbers(client)
    #expect(fresh == Array(0..<100))
    #expect(replayed == Array(100..<2_000))
    #expect(bus.statistics[0].droppedTelemetry.total == 0)
    // And then as ever.
    #expect(await eventually { bus.statistics[0].messagesUnderWay == 0 })
    client.forgetMessages()
    Self.publish(2_000..<2_010, bus)
    _ = await client.messages(count: 10)
    #expect(Self.numbers(client).fresh == Array(2_000..<2_010))
    await bus.stop()
  }

  @Test func `puts what was in flight before what had no room, when the connection breaks`() async throws {
    for attempt in 1...8 {
      let folder = try TemporaryFolder()
      let server = try MosquittoServer(Self.free)
      try await server.start()
      let bus = try await EventBus.started(on: server.port) { options in
        Self.adjust(folder)(&options)
        options.limits.messages = 200
      }
      #expect(await bus.isConnected())
      server.pause()
      Self.publish(0..<700, bus)
      // The first of them are on disk before those in flight come.
      #expect(await eventually { (bus.statistics[0].spool?.bytes ?? 0) > 0 })
      server.kill()
      #expect(await eventually { !bus.statistics[0].isConnected })
      Self.publish(700..<900, bus)
      let client = try await Self.subscribeFirst(server, bus)
      guard let client else {
        await bus.stop()
        #expect(attempt < 8, "the subscription was never early enough")
        continue
      }
      _ = await client.messages(count: 900, within: .seconds(30))
      #expect(Self.numbers(client).replayed == Array(0..<900))
      await bus.stop()
      return
    }
  }

  @Test func `keeps nothing for a broker that was never there`() async throws {
    let folder = try TemporaryFolder()
    let server = try MosquittoServer(Self.free)
    try await server.start()
    server.stop()
    let bus = try await EventBus.started(on: server.port, Self.adjust(folder))
    #expect(!bus.publish("{}", to: Self.topic, as: .telemetry))
    #expect(bus.statistics[0].droppedTelemetry.disconnected == 1)
    try await server.start()
    #expect(await bus.isConnected())
    server.kill()
    #expect(await eventually { !bus.statistics[0].isConnected })
    #expect(bus.publish("{}", to: Self.topic, as: .telemetry))
    // Answers are for now, not for later.
    #expect(!bus.publish("{}", to: answerTopic))
    await bus.stop()
  }

  @Test func `goes on in memory when the disk takes nothing, and says so`() async throws {
    for attempt in 1...8 {
      let folder = try TemporaryFolder()
      // Where the spool's folder should be made is a file.
      let blocked = try folder.write("", to: "blocked")
      let server = try MosquittoServer(Self.free)
      try await server.start()
      let bus = try await EventBus.started(on: server.port) { options in
        Self.adjust(folder)(&options)
        options.spool?.folder = blocked
        options.spool?.memoryBytes = 100_000
      }
      #expect(await bus.isConnected())
      server.kill()
      #expect(await eventually { !bus.statistics[0].isConnected })
      Self.publish(0..<500, bus)
      #expect(await eventually { bus.statistics[0].spool?.problem.contains("blocked") == true })
      // Far more than memory may hold: the oldest go.
      Self.publish(500..<5_000, bus)
      #expect(await eventually { (bus.statistics[0].spool?.droppedMemory ?? 0) > 0 })
      let client = try await Self.subscribeFirst(server, bus)
      guard let client else {
        await bus.stop()
        #expect(attempt < 8, "the subscription was never early enough")
        continue
      }
      #expect(await eventually { bus.statistics[0].spool?.messages == 0 })
      let spool = try #require(bus.statistics[0].spool)
      #expect(spool.replayed + spool.dropped == 5_000)
      _ = await client.messages(count: Int(spool.replayed))
      let replayed = Self.numbers(client).replayed
      // What had been read ahead, then the youngest.
      #expect(replayed == replayed.sorted() && Set(replayed).count == replayed.count)
      #expect(Array(replayed.suffix(500)) == Array(4_500..<5_000))
      await bus.stop()
      return
    }
  }
}
