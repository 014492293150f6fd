// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// What docs/interop.md says that we do otherwise, where no recorded request shows it.
@Suite(.runsNodes) struct DifferenceTests {
  @Test func `values may hold what KubeEdge refuses, and member names any case`() async throws {
    let current =
      #"{"actual":{"value":"21.5 °C \u003cb\u003e+1%","metadata":{"timestamp":@}},"optional":true,"metadata":{"type":"string"}}"#
    try await MQTTDialogue().run([
      .init(
        "twin/update", #"{"Event_ID":"v","TWIN":{"p":{"Actual":{"VALUE":"21.5 °C <b>+1%"}}}}"#,
        [
          ("twin/update/result", #"{"event_id":"v","timestamp":@,"twin":{"p":\#(current)}}"#),
          (
            "twin/update/document",
            #"{"event_id":"v","timestamp":@,"twin":{"p":{"last":null,"current":\#(current)}}}"#
          ),
        ])
    ])
  }

  @Test func `a float is reached when it is equal as a number`() async throws {
    let dialogue = try await MQTTDialogue()
    let desired =
      #"{"twin":{"f":{"expected":{"value":"22"},"actual":{"value":"21"},"metadata":{"type":"float"}}}}"#
    #expect(try await dialogue.ask(desired, on: "twin/update").count == 3)
    let reached = try await dialogue.ask(#"{"twin":{"f":{"actual":{"value":"22.0"}}}}"#, on: "twin/update")
    #expect(reached.map { $0.topic.split(separator: "/").last } == ["result", "document"])
    // The text stays as it was sent.
    #expect(reached.first?.text.contains(#""value":"22.0""#) == true)
    #expect(await dialogue.node.property("f", of: "default/one-0")["desired"]?["state"] == "applied")
  }

  @Test func `what is not optional is not deleted, and the answer says so`() async throws {
    let dialogue = try await MQTTDialogue()
    let made = #"{"twin":{"o":{"actual":{"value":"1"},"optional":false}}}"#
    #expect(try await dialogue.ask(made, on: "twin/update").count == 2)
    let answers = try await dialogue.ask(#"{"event_id":"d","twin":{"o":null}}"#, on: "twin/update")
    #expect(answers.count == 1)
    #expect(
      answers.first?.text.contains(
        #""code":400,"reason":"property o of device default/one-0 is not optional"#) == true)
  }

  @Test func `a manifest's desired value reaches a program that only speaks MQTT`() async throws {
    let dialogue = try await MQTTDialogue()
    let topic = "$hw/events/device/default/lamp/twin/"
    let device = Manifests.plain("lamp", model: "lamp", properties: ["power"])
      .replacing("{name: power}", with: #"{name: power, desired: {value: "on"}}"#)
    try dialogue.node.declare(
      Manifests.plainModel("lamp", properties: [("power", "STRING")]) + "---\n" + device, as: "lamp")
    #expect(await eventually { await dialogue.node.twin("default/lamp")["name"] != nil })
    // A twin shows what is on disk.
    #expect(
      try await eventually {
        let answer = try #require(try await dialogue.ask("{}", on: topic + "get").first)
        return try JSON.parse(answer.payload)["twin"]?["power"]?["expected"]?["value"] == "on"
      })
    let off = try await dialogue.ask(#"{"twin":{"power":{"actual":{"value":"off"}}}}"#, on: topic + "update")
    #expect(off.last?.topic == topic + "update/delta")
    #expect(try JSON.parse(try #require(off.last).payload)["delta"] == ["power": "on"])
    let on = try await dialogue.ask(#"{"twin":{"power":{"actual":{"value":"on"}}}}"#, on: topic + "update")
    #expect(on.map(\.topic) == [topic + "update/result", topic + "update/document"])
    // The same manifest, read again, is no new wish.
    let version = await dialogue.node.twin("default/lamp")["desiredVersion"]
    #expect(await dialogue.node.stop() == .exited(0))
    try await dialogue.node.start()
    #expect(await dialogue.node.twin("default/lamp")["desiredVersion"] == version)
  }
}
