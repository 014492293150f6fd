// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// What KubeEdge refuses, answers on a wrong topic, or fails at.
@Suite(.runsNodes) struct RefusalSampleTests {
  private static let malformed = "Unmarshal update request body failed, please check the request"
  private static let badName =
    "The key of twin must only include upper or lowercase letters, number, english, and special letter"
    + " - _ . , : / @ # and the length of key should be less than 128 bytes"

  /// The twin part of a request, and what the answer's reason begins with.
  private static let refusals: [(twin: String, code: Int, reason: String)] = [
    (#"{"n":{"actual":{"value":"abc"}}}"#, 400, "the value is not int or integer"),
    (#"{"n":{"actual":{"value":"12345678901234567890"}}}"#, 400, "the value is not int or integer"),
    (#"{"f":{"actual":{"value":"x"}}}"#, 400, "the value is not float"),
    (#"{"b":{"actual":{"value":"1"}}}"#, 400, "the bool value must be true or false"),
    (#"{"z":{"actual":{"value":"1"},"metadata":{"type":"bytes"}}}"#, 400, "the value type is not allowed"),
    // One wrong property of two: nothing of the message is stored.
    (
      #"{"p0":{"actual":{"value":"x"}},"n":{"actual":{"value":"abc"}}}"#, 400,
      "the value is not int or integer"
    ),
    // KubeEdge answers the following on a topic without a device.
    (#""x""#, 400, malformed),
    (#"{"p0":{"actual":{"value":5}}}"#, 400, malformed),
    (#"{"a b":{"actual":{"value":"1"}}}"#, 400, badName),
    (#"{"\#(String(repeating: "k", count: 129))":{"actual":{"value":"1"}}}"#, 400, badName),
    (#"{"p0":{"actual":{"value":""}}}"#, 400, "The value of twin must be 1 to 512 bytes"),
    (
      #"{"p0":{"actual":{"value":"\#(String(repeating: "v", count: 513))"}}}"#, 400,
      "The value of twin must be 1 to 512 bytes"
    ),
    // And these stop its twin worker.
    (#"{"p0":{"actual":{}}}"#, 400, malformed + ": twin.p0.actual has no value"),
    (#"{"t":{"expected":{}}}"#, 400, malformed + ": twin.t.expected has no value"),
    (#"{"t":{"actual":{"value":null}}}"#, 400, malformed + ": twin.t.actual has no value"),
  ]

  @Test func `what cannot be is refused on the device's own topic and changes nothing`() async throws {
    let dialogue = try await MQTTDialogue()
    let setUp =
      #"{"event_id":"s","twin":{"n":{"actual":{"value":"1"},"metadata":{"type":"int"}},"f":{"actual":{"value":"1.5"},"metadata":{"type":"float"}},"b":{"actual":{"value":"true"},"metadata":{"type":"boolean"}},"p0":{"actual":{"value":"a"}}}}"#
    #expect(try await dialogue.ask(setUp, on: "twin/update").count == 2)
    let before = await dialogue.node.twin("default/one-0")["properties"]
    for (twin, code, reason) in Self.refusals {
      try await expectRefusal(
        dialogue, #"{"event_id":"u7","timestamp":1,"twin":\#(twin)}"#, event: "u7", code, reason)
    }
    try await expectRefusal(
      dialogue, #"{"event_id":"u18","timestamp":1}"#, event: "u18", 400,
      "Update twin error, key:twin does not exist")
    for body in ["hello", "", "[]"] {
      try await expectRefusal(dialogue, body, event: "", 400, Self.malformed)
    }
    #expect(await dialogue.node.twin("default/one-0")["properties"] == before)
    // Alive, for every device.
    #expect(try await dialogue.ask(#"{"event_id":"g"}"#, on: "twin/get").count == 1)
  }

  private func expectRefusal(
    _ dialogue: MQTTDialogue, _ request: String, event: String, _ code: Int, _ reason: String
  ) async throws {
    let answers = try await dialogue.ask(request, on: "twin/update")
    #expect(answers.map(\.topic) == ["$hw/events/device/default/one-0/twin/update/result"], "\(request)")
    let answer = try #require(answers.first)
    let json = try JSON.parse(answer.payload)
    #expect(json.object?.map(\.name) == ["event_id", "timestamp", "code", "reason"], "\(answer.text)")
    #expect(json["event_id"] == .string(event), "\(answer.text)")
    #expect(json["code"] == .int(Int64(code)), "\(answer.text)")
    #expect(json["reason"]?.string?.hasPrefix(reason) == true, "\(request): \(answer.text)")
  }

  @Test func `an update of an unknown device is answered where the request names it`() async throws {
    let topic = "$hw/events/device/default/nosuch/twin/update"
    try await MQTTDialogue().run([
      .init(
        topic, #"{"event_id":"u20","twin":{"p0":{"actual":{"value":"1"}}}}"#,
        [
          (
            topic + "/result",
            #"{"event_id":"u20","timestamp":@,"code":404,"reason":"update rejected due to the device is not existed"}"#
          )
        ])
    ])
  }

  /// KubeEdge finds such a namespace in the topic's own words first, and answers nothing.
  @Test func `namespaces that are part of the topic's own words work`() async throws {
    let namespaces = ["dev", "e", "event", "events", "device", "hw", "vice", "twin"]
    let dialogue = try await MQTTDialogue("factory/one-0", others: namespaces.map { $0 + "/one-\($0)" })
    for name in ["factory/one-0"] + namespaces.map({ $0 + "/one-\($0)" }) {
      let topic = "$hw/events/device/\(name)/twin/update"
      let answers = try await dialogue.ask(
        #"{"event_id":"n","twin":{"p":{"actual":{"value":"1"}}}}"#, on: topic)
      #expect(answers.map(\.topic) == [topic + "/result", topic + "/document"])
    }
  }

  @Test func `topics that are nobody's are not answered`() async throws {
    let dialogue = try await MQTTDialogue()
    let body = #"{"event_id":"c","twin":{"p0":{"expected":{"value":"1"}}}}"#
    for topic in [
      "twin/foo", "twin/cloud_updated", "$hw/events/node/edge-1/membership/detail", "$hw/events/upload/a",
      "SYS/dis/upload_records", "some/user/topic",
    ] {
      #expect(try await dialogue.ask(body, on: topic).isEmpty, "\(topic)")
    }
    #expect(await dialogue.node.twin("default/one-0")["properties"]?.object?.isEmpty == true)
  }
}
