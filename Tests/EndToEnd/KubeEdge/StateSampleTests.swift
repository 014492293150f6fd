// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// KubeEdge's requests about states and memberships.
@Suite(.runsNodes) struct StateSampleTests {
  @Test func `a device's own program says its state`() async throws {
    let answer = "state/update/result"
    let unknown = "$hw/events/device/default/nosuch/state/update"
    try await MQTTDialogue().run([
      .init(
        "state/update", #"{"event_id":"s1","timestamp":1,"state":"online"}"#,
        [
          (
            answer,
            #"{"event_id":"UUID","timestamp":@,"device":{"name":"one-0","state":"online","lastOnlineTime":"TIME"}}"#
          )
        ]),
      .init(
        "state/update", #"{"event_id":"s2","timestamp":1,"state":"OFFLINE"}"#,
        [(answer, #"{"event_id":"UUID","timestamp":@,"device":{"name":"one-0","state":"OFFLINE"}}"#)]),
      .init(
        "state/update", #"{"event_id":"s3","timestamp":1,"state":"Ok"}"#,
        [
          (
            answer,
            #"{"event_id":"UUID","timestamp":@,"device":{"name":"one-0","state":"Ok","lastOnlineTime":"TIME"}}"#
          )
        ]),
      .init(
        "state/update", #"{"event_id":"s4","state":"unhealthy"}"#,
        [(answer, #"{"event_id":"UUID","timestamp":@,"device":{"name":"one-0","state":"unhealthy"}}"#)]),
      .init(
        "state/update", #"{"event_id":"s5","state":"unknown"}"#,
        [(answer, #"{"event_id":"UUID","timestamp":@,"device":{"name":"one-0","state":"unknown"}}"#)]),
      // KubeEdge is silent from here on.
      .init(
        "state/update", #"{"event_id":"s6","state":"broken"}"#,
        [
          (
            answer,
            #"{"event_id":"s6","timestamp":@,"code":400,"reason":"state broken: expected online, offline, ok, unknown or unhealthy"}"#
          )
        ]),
      .init(
        "state/update", "{}",
        [
          (
            answer,
            #"{"event_id":"","timestamp":@,"code":400,"reason":"state: expected online, offline, ok, unknown or unhealthy"}"#
          )
        ]),
      .init(
        "state/update", "hello",
        [
          (
            answer,
            #"{"event_id":"","timestamp":@,"code":400,"reason":"Unmarshal state hello failed , err: unexpected character at byte 0"}"#
          )
        ]),
      .init(
        unknown, #"{"event_id":"s7","state":"online"}"#,
        [
          (
            unknown + "/result",
            #"{"event_id":"s7","timestamp":@,"code":404,"reason":"Device default/nosuch not found while updating state"}"#
          )
        ]),
    ])
  }

  @Test func `membership is answered for any node name, sorted`() async throws {
    let dialogue = try await MQTTDialogue(others: ["default/two"])
    let answer = "$hw/events/node/edge-1/membership/get/result"
    let devices =
      #"[{"id":"default/one-0","name":"one-0","state":"OFFLINE"},{"id":"default/two","name":"two"},{"id":"zz/fence","name":"fence"}]"#
    try await dialogue.run([
      .init(
        "state/update", #"{"event_id":"s","state":"OFFLINE"}"#,
        [
          (
            "state/update/result",
            #"{"event_id":"UUID","timestamp":@,"device":{"name":"one-0","state":"OFFLINE"}}"#
          )
        ]),
      .init(
        "$hw/events/node/edge-1/membership/get", #"{"event_id":"m1","timestamp":1}"#,
        [(answer, #"{"event_id":"m1","timestamp":@,"devices":\#(devices)}"#)]),
      .init(
        "$hw/events/node/other/membership/get", #"{"event_id":"m2","timestamp":1}"#,
        [(answer, #"{"event_id":"m2","timestamp":@,"devices":\#(devices)}"#)]),
      .init(
        "$hw/events/node/edge-1/membership/get", "",
        [
          (
            answer,
            #"{"event_id":"","timestamp":@,"code":400,"reason":"Unmarshal get membership info  failed , err: unexpected end at byte 0"}"#
          )
        ]),
    ])
  }

  @Test func `devices that come and go are told`() async throws {
    let dialogue = try await MQTTDialogue()
    let topic = "$hw/events/node/edge-1/membership/updated "
    let added = try await dialogue.listen(count: 1) {
      try dialogue.node.declare(
        Manifests.plainModel() + "---\n" + Manifests.plain("late"), as: "late")
    }
    #expect(
      added == [
        topic
          + #"{"event_id":"UUID","timestamp":@,"added_devices":[{"id":"default/late","name":"late"}],"removed_devices":null}"#
      ])
    let removed = try await dialogue.listen(count: 1) { try dialogue.node.withdraw("late") }
    #expect(
      removed == [
        topic
          + #"{"event_id":"UUID","timestamp":@,"added_devices":null,"removed_devices":[{"id":"default/late","name":"late"}]}"#
      ])
  }
}
