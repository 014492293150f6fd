// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// A property that a mapper drives, as MQTT clients see it.
@Suite(.runsNodes) struct MappedTwinTests {
  private static let update = "$hw/events/device/default/tank-1/twin/update"

  @Test func `expected over MQTT is written to the device, and actual is the mapper's alone`() async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let simulator = try await Simulator(["--holding", "constant:7"])
    let node = try await Node.started(
      .external(broker), mappers: ["modbus"],
      manifests: ["tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port)])
    #expect(await node.reports(7, as: "level", of: "default/tank-1"))
    let client = try await MQTTTestClient(port: broker.port)
    try await client.subscribe(Self.update + "/#")

    try await client.publish(
      #"{"event_id":"e1","twin":{"level":{"expected":{"value":"42"}}}}"#, to: Self.update)
    #expect(await eventually { (try? await simulator.client().holding(4)) == [42] })
    #expect(await node.reports(42, as: "level", of: "default/tank-1"))
    let level = await node.property("level", of: "default/tank-1")
    #expect(level["desired"]?["origin"] == "mqtt")
    #expect(level["desired"]?["state"] == "applied")
    // The device's own report: a document with both sides and, now that they agree, no delta after it.
    // Documents of other properties may follow it.
    let isReport = { (text: String) in
      text.contains(#""current":{"expected":{"value":"42""#) && text.contains(#""actual":{"value":"42""#)
    }
    #expect(await eventually { client.texts(on: Self.update + "/document").contains(where: isReport) })
    let document = try JSON.parse(
      try #require(client.texts(on: Self.update + "/document").last(where: isReport)))
    #expect(document["event_id"] == "")
    #expect(document["twin"]?["level"]?["current"]?["expected"]?["value"] == "42")

    for body in [#"{"level":{"actual":{"value":"1"}}}"#, #"{"level":null}"#] {
      client.forgetMessages()
      try await client.publish(#"{"event_id":"e2","twin":\#(body)}"#, to: Self.update)
      #expect(await eventually { !client.texts(on: Self.update + "/result").isEmpty })
      let answer = try JSON.parse(try #require(client.texts(on: Self.update + "/result").first))
      #expect(answer["code"] == 409, "\(answer.text)")
      #expect(answer["reason"]?.string?.contains("level of device default/tank-1") == true, "\(answer.text)")
    }
    #expect(await node.reported("level", of: "default/tank-1") == 42)
  }

  @Test func `telemetry has every sample once and in order`() async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let simulator = try await Simulator(["--input", "counter", "--period-ms", "20"])
    let node = try await Node.started(
      .external(broker), mappers: ["modbus"],
      manifests: [
        "tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port, cycle: 50)
      ])
    let client = try await MQTTTestClient(port: broker.port)
    try await client.subscribe("$ke/events/device/default/tank-1/data/update")
    #expect(await node.becomes("online", "default/tank-1"))
    let messages = try await client.messages(count: 40).map { try JSON.parse($0.payload) }
    #expect(messages.count >= 40)
    let epoch = try #require(messages.first?["epoch"]?.int)
    let first = try #require(messages.first?["seq"]?.int)
    var last: Int64 = -1
    for (place, message) in messages.enumerated() {
      #expect(message["epoch"] == .int(epoch))
      #expect(message["seq"] == .int(first + Int64(place)))
      let point = message["data"]?["input"]
      #expect(point?["quality"] == "good")
      #expect(point?["metadata"]?["type"] == "int")
      #expect(point?["metadata"]?["timestamp"]?.int ?? 0 > 1_700_000_000_000)
      let value = try #require(point?["value"]?.string.flatMap { Int64($0) })
      #expect(value >= last)
      last = value
    }
    // A new run of the agent is another epoch, from the beginning.
    #expect(await node.stop() == .exited(0))
    client.forgetMessages()
    try await node.start()
    let again = try JSON.parse(try #require(await client.messages(count: 1).first).payload)
    #expect(again["epoch"]?.int ?? 0 > epoch)
    #expect(again["seq"]?.int ?? 99 <= 1)
  }
}
