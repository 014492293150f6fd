// SPDX-License-Identifier: Apache-2.0
import Beehive
import DeviceAPI
import EventBus
import TestSupport
import Testing

/// Against a real broker, one for each test.
struct EventBusTests {
  @Test func `hands on requests of devices and of the node, and nothing else`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    let receiver = RecordingReceiver()
    let bus = try await EventBus.started(on: server.port, receiver: receiver)
    #expect(await bus.isConnected())
    let client = try await MQTTTestClient(port: server.port)

    let taken = [
      "$hw/events/device/default/one/twin/update", "$hw/events/device/default/one/twin/get",
      "$hw/events/device/default/one/state/update", "$hw/events/node/edge-1/membership/get",
    ]
    let left = [
      "$hw/events/device/default/one/twin/update/result",
      "$hw/events/device/default/one/twin/update/document",
      "$hw/events/device/default/one/state/update/result", "$hw/events/node/edge-1/membership/updated",
      "$hw/events/device/one/twin/update", "other",
    ]
    for topic in left + taken { try await client.publish("{}", to: topic) }
    #expect(await eventually { receiver.topics.count >= taken.count })
    #expect(receiver.topics == taken)
    #expect(await eventually { bus.statistics[0].received == UInt64(taken.count) })
    await bus.stop()
  }

  @Test func `hands on a payload as it is, empty and binary too`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    var options = EventBusOptions()
    options.external = BrokerAddress(host: "127.0.0.1", port: server.port)
    let echoing = try EventBus(options, log: RecordingLog.make().0)
    echoing.setReceiver(EchoReceiver(echoing))
    try await echoing.start()
    #expect(await echoing.isConnected())
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe(answerTopic.description)
    let payloads: [[UInt8]] = [[], [0], Array(0...255), [UInt8](repeating: 0x7B, count: 200_000)]
    for payload in payloads { try await client.publish(payload, to: requestTopic) }
    let answers = await client.messages(count: payloads.count)
    #expect(answers.map(\.payload) == payloads)
    await echoing.stop()
  }

  @Test func `publishes in order, answers with QoS 1, telemetry with QoS 0 on loopback, nothing retained`()
    async throws
  {
    let server = try MosquittoServer(["max_queued_messages 0", "max_inflight_messages 0"])
    try await server.start()
    let bus = try await EventBus.started(on: server.port)
    #expect(await bus.isConnected())
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("#", qos: 2)
    try await client.subscribe("$hw/#", qos: 2)
    let telemetry = MessageTopic("$ke/events/device/default/one/data/update")
    try await client.subscribe("$ke/#", qos: 2)
    for number in 0..<1_000 { #expect(bus.publish("\(number)", to: answerTopic)) }
    for number in 0..<1_000 { #expect(bus.publish("\(number)", to: telemetry, as: .telemetry)) }
    let messages = await client.messages(count: 2_000)
    let expected = (0..<1_000).map(String.init)
    #expect(client.texts(on: answerTopic.description) == expected)
    #expect(client.texts(on: telemetry.description) == expected)
    #expect(messages.allSatisfy { !$0.isRetained && $0.qos == ($0.topic == answerTopic.description ? 1 : 0) })
    #expect(await eventually { bus.statistics[0].messagesUnderWay == 0 })
    let statistics = bus.statistics[0]
    #expect(statistics.publishedTwin == 1_000)
    #expect(statistics.publishedTelemetry == 1_000)
    #expect(statistics.bytesUnderWay == 0)
    await bus.stop()
  }

  @Test func `publishes telemetry with the QoS of the configuration`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    let bus = try await EventBus.started(on: server.port) { $0.telemetryQoS = 1 }
    #expect(await bus.isConnected())
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("t", qos: 2)
    bus.publish("x", to: MessageTopic("t"), as: .telemetry)
    #expect(await client.messages(count: 1).map(\.qos) == [1])
    await bus.stop()
  }

  @Test func `keeps the order of each of several publishing threads`() async throws {
    let server = try MosquittoServer(["max_queued_messages 0", "max_inflight_messages 0"])
    try await server.start()
    let bus = try await EventBus.started(on: server.port)
    #expect(await bus.isConnected())
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("by/#")
    await withTaskGroup(of: Void.self) { group in
      for thread in 0..<4 {
        group.addTask {
          let topic = MessageTopic("by/\(thread)")
          for number in 0..<1_000 { bus.publish("\(number)", to: topic) }
        }
      }
    }
    _ = await client.messages(count: 4_000)
    for thread in 0..<4 { #expect(client.texts(on: "by/\(thread)") == (0..<1_000).map(String.init)) }
    await bus.stop()
  }

  @Test func `does not carry out a retained request`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    let client = try await MQTTTestClient(port: server.port)
    try await client.publish("old", to: requestTopic, retain: true)
    let receiver = RecordingReceiver()
    let (log, lines) = RecordingLog.make()
    let bus = try await EventBus.started(on: server.port, receiver: receiver, log: log)
    #expect(await eventually { bus.statistics[0].ignored == 1 })
    try await client.publish("new", to: requestTopic)
    #expect(await eventually { !receiver.texts.isEmpty })
    #expect(receiver.texts == ["new"])
    #expect(lines.all.contains { $0.contains("retained") && $0.contains(requestTopic) })
    // A live request with the flag set is a request: the broker hands it on without the flag.
    try await client.publish("live", to: requestTopic, retain: true)
    #expect(await eventually { receiver.texts == ["new", "live"] })
    await bus.stop()
  }

  @Test func `uses two connections when two client ids are set, and one otherwise`() async throws {
    let server = try MosquittoServer(["log_type all"])
    try await server.start()
    let one = try await EventBus.started(on: server.port)
    #expect(await one.isConnected())
    #expect(server.log.contains(" as hub-client-sub-"))
    #expect(!server.log.contains("hub-client-pub-"))
    await one.stop()

    let receiver = RecordingReceiver()
    let two = try await EventBus.started(on: server.port, receiver: receiver) {
      $0.subscriberID = "my-subscriber"
      $0.publisherID = "my-publisher"
    }
    #expect(await two.isConnected())
    let client = try await MQTTTestClient(port: server.port)
    try await client.subscribe("t")
    two.publish("x", to: MessageTopic("t"))
    #expect(await client.messages(count: 1).map(\.text) == ["x"])
    try await client.publish("y", to: requestTopic)
    #expect(await eventually { receiver.texts == ["y"] })
    #expect(two.statistics.count == 1)
    await two.stop()
    #expect(await eventually { server.log.contains("Received PUBLISH from my-publisher") })
    #expect(await eventually { server.log.contains("Sending PUBLISH to my-subscriber") })
    #expect(await eventually { server.log.contains("Client my-publisher disconnected") })
  }

  @Test func `says why when the broker refuses it, without the password`() async throws {
    // An empty password file: nobody may come in.
    let folder = try TemporaryFolder()
    let file = try folder.write("", to: "passwords")
    let server = try MosquittoServer(["allow_anonymous false", "password_file \(file)"])
    try await server.start()
    let (log, lines) = RecordingLog.make()
    let bus = try await EventBus.started(on: server.port, log: log) {
      $0.username = "agent"
      $0.password = "wrong"
    }
    #expect(await eventually { bus.statistics[0].problem.contains("not authorised") })
    #expect(lines.all.contains { $0.contains("not authorised") })
    #expect(!lines.all.contains { $0.contains("wrong") })
    #expect(!bus.publish("x", to: answerTopic))
    await bus.stop()
  }

  @Test func `is a module that a beehive starts and stops`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    var options = EventBusOptions()
    options.external = BrokerAddress(host: "127.0.0.1", port: server.port)
    let log = RecordingLog.make().0
    let bus = try EventBus(options, log: log)
    let beehive = Beehive(log: log)
    await beehive.register(bus)
    await #expect(throws: Beehive.StartError.self) { try await beehive.start() }
    bus.setReceiver(RecordingReceiver())
    try await beehive.start()
    #expect(await beehive.running == ["eventBus"])
    await beehive.stop()
  }

  @Test func `names a client id that MQTT does not allow`() throws {
    var options = EventBusOptions()
    options.subscriberID = ""
    #expect { try EventBus(options, log: RecordingLog.make().0) } throws: { "\($0)".contains("client id") }
  }
}
