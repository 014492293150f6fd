// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import EventBus
import TestSupport
import Testing

/// Brokers that are not there, go away, or stand still.
struct ReconnectTests {
  @Test func `starts without a broker, counts what is dropped, and connects when it comes`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    server.stop()
    let receiver = RecordingReceiver()
    let (log, lines) = RecordingLog.make()
    let bus = try await EventBus.started(on: server.port, receiver: receiver, log: log)
    #expect(await eventually { !bus.statistics[0].problem.isEmpty })
    #expect(bus.statistics[0].problem.contains("refused"))
    #expect(!bus.publish("lost", to: answerTopic))
    #expect(!bus.publish("lost", to: answerTopic, as: .telemetry))
    #expect(bus.statistics[0].droppedTwin.disconnected == 1)
    #expect(bus.statistics[0].droppedTelemetry.disconnected == 1)

    // Several tries pass, told once.
    try await Task.sleep(for: .seconds(2))
    #expect(lines.all.filter { $0.hasPrefix("warning") }.count == 1)
    try await server.start()
    #expect(await bus.isConnected())
    #expect(bus.statistics[0].problem.isEmpty)
    #expect(bus.statistics[0].reconnects == 0)
    let client = try await MQTTTestClient(port: server.port)
    try await client.publish("first", to: requestTopic)
    #expect(await eventually { receiver.texts == ["first"] })
    await bus.stop()
  }

  @Test func `connects again to a broker that was restarted, and subscribes again`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    let receiver = RecordingReceiver()
    let (log, lines) = RecordingLog.make()
    let bus = try await EventBus.started(on: server.port, receiver: receiver, log: log)
    #expect(await bus.isConnected())
    for round in 1...2 {
      let since = bus.statistics[0].since
      if round == 1 { server.kill() } else { server.stop() }
      #expect(await eventually { !bus.statistics[0].isConnected })
      #expect(bus.statistics[0].since > since)
      #expect(!bus.publish("lost", to: answerTopic))
      try await server.start()
      #expect(await bus.isConnected())
      let client = try await MQTTTestClient(port: server.port)
      try await client.subscribe(answerTopic.description)
      try await client.publish("request \(round)", to: requestTopic)
      #expect(await eventually { receiver.texts.count == round })
      #expect(bus.publish("answer", to: answerTopic))
      #expect(await client.messages(count: 1).map(\.text) == ["answer"])
      #expect(bus.statistics[0].reconnects == UInt64(round))
    }
    #expect(lines.all.filter { $0.contains("connected to the broker") }.count == 3)
    await bus.stop()
  }

  @Test func `bounds what waits for a broker that stands still, and delivers it in order later`() async throws
  {
    let server = try MosquittoServer(["max_queued_messages 0", "max_inflight_messages 0"])
    try await server.start()
    let bus = try await EventBus.started(on: server.port) { options in
      options.limits.messages = 1_000
      options.limits.bytes = 10_000_000
    }
    #expect(await bus.isConnected())
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("t/#")
    server.pause()
    // Beyond what the socket's buffers take, so that QoS 0 waits too.
    let filler = String(repeating: "x", count: 9_990)
    let telemetry = MessageTopic("t/telemetry")
    let twin = MessageTopic("t/twin")
    var accepted: [String] = []
    for number in 0..<5_000 {
      let text = "\(number) \(filler)"
      if bus.publish(text, to: telemetry, as: .telemetry) { accepted.append(text) }
    }
    var answers: [String] = []
    for number in 0..<5_000 where bus.publish("\(number)", to: twin) { answers.append("\(number)") }
    let full = bus.statistics[0]
    #expect(full.droppedTelemetry.overflow == UInt64(5_000 - accepted.count))
    #expect(full.droppedTwin.overflow == UInt64(5_000 - answers.count))
    #expect(full.droppedTelemetry.overflow > 0)
    #expect(full.droppedTwin.overflow > 0)
    #expect(full.messagesUnderWay <= 1_000)
    #expect(full.bytesUnderWay <= 10_000_000)
    // Telemetry left room for answers.
    #expect(answers.count >= 500)

    server.resume()
    _ = await client.messages(count: accepted.count + answers.count)
    #expect(client.texts(on: "t/telemetry") == accepted)
    #expect(client.texts(on: "t/twin") == answers)
    #expect(await eventually { bus.statistics[0].messagesUnderWay == 0 })
    #expect(bus.publish("again", to: twin))
    await bus.stop()
  }

  @Test func `sends again, in order, what a broker that died had not acknowledged`() async throws {
    let expected = (0..<600).map(String.init)
    for attempt in 1...5 {
      let server = try MosquittoServer(["max_queued_messages 0", "max_inflight_messages 0"])
      try await server.start()
      let bus = try await EventBus.started(on: server.port)
      #expect(await bus.isConnected())
      server.pause()
      for text in expected { #expect(bus.publish(text, to: answerTopic)) }
      server.kill()
      #expect(await eventually { !bus.statistics[0].isConnected })
      #expect(bus.statistics[0].messagesUnderWay == expected.count)
      try await server.start()
      let client = try await MQTTTestClient(port: server.port)
      try await client.subscribe(answerTopic.description)
      // The bus may have been faster than this subscription: then the test saw nothing.
      let wasEarly = bus.statistics[0].messagesUnderWay == expected.count
      #expect(await bus.isConnected())
      #expect(await eventually { bus.statistics[0].messagesUnderWay == 0 })
      if wasEarly {
        _ = await client.messages(count: expected.count)
        #expect(client.texts(on: answerTopic.description) == expected)
        await bus.stop()
        return
      }
      await bus.stop()
      #expect(attempt < 5, "the subscription was never early enough")
    }
  }

  @Test func `publishes on stop what was accepted before`() async throws {
    let server = try MosquittoServer(["max_queued_messages 0", "max_inflight_messages 0"])
    try await server.start()
    let bus = try await EventBus.started(on: server.port)
    #expect(await bus.isConnected())
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("t/#")
    let expected = (0..<400).map(String.init)
    for text in expected { #expect(bus.publish(text, to: MessageTopic("t/twin"))) }
    for text in expected { #expect(bus.publish(text, to: MessageTopic("t/telemetry"), as: .telemetry)) }
    await bus.stop()
    #expect(!bus.publish("late", to: answerTopic))
    _ = await client.messages(count: 800)
    #expect(client.texts(on: "t/twin") == expected)
    #expect(client.texts(on: "t/telemetry") == expected)
  }

  @Test func `stops within its limit when the broker stands still or is away`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    let bus = try await EventBus.started(on: server.port)
    #expect(await bus.isConnected())
    server.pause()
    #expect(bus.publish("x", to: answerTopic))
    let clock = ContinuousClock()
    let still = await clock.measure { await bus.stop() }
    #expect(still > .milliseconds(1_500) && still < .seconds(60))
    server.kill()
    let lonely = try await EventBus.started(on: server.port)
    let away = await clock.measure { await lonely.stop() }
    #expect(away < .seconds(60))
  }
}
