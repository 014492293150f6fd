// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// KubeEdge's requests about twins, through a real broker and the real agent. What we answer otherwise than
/// KubeEdge, and why, is in docs/interop.md.
@Suite(.runsNodes) struct TwinSampleTests {
  private typealias Step = MQTTDialogue.Step
  private static let result = "twin/update/result"
  private static let document = "twin/update/document"
  private static let delta = "twin/update/delta"

  /// A string property's side, and both.
  private static func side(_ name: String, _ value: String, _ time: String) -> String {
    #""\#(name)":{"value":"\#(value)","metadata":{"timestamp":\#(time)}},"#
  }
  private static func property(
    expected: (String, String)? = nil, actual: (String, String)? = nil, type: String = "string"
  ) -> String {
    "{" + (expected.map { side("expected", $0.0, $0.1) } ?? "")
      + (actual.map { side("actual", $0.0, $0.1) } ?? "")
      + #""optional":true,"metadata":{"type":"\#(type)"}}"#
  }

  private static let made: [Step] = [
    // 1: known, without a property.
    Step(
      "twin/get", #"{"event_id":"g0","timestamp":1700000000000}"#,
      [("twin/get/result", #"{"event_id":"g0","timestamp":@,"twin":{}}"#)]),
    // 2: a new property is optional and a string. The request's time counts for nothing.
    Step(
      "twin/update", #"{"event_id":"u1","timestamp":1700000000000,"twin":{"p0":{"actual":{"value":"21"}}}}"#,
      [
        (result, #"{"event_id":"u1","timestamp":@,"twin":{"p0":\#(property(actual: ("21", "@")))}}"#),
        (
          document,
          #"{"event_id":"u1","timestamp":@,"twin":{"p0":{"last":null,"current":\#(property(actual: ("21", "@")))}}}"#
        ),
      ]),
    // 3: changed.
    Step(
      "twin/update",
      #"{"event_id":"u2","timestamp":1700000000000,"twin":{"p0":{"actual":{"value":"22","metadata":{"timestamp":5}}}}}"#,
      [
        (result, #"{"event_id":"u2","timestamp":@,"twin":{"p0":\#(property(actual: ("22", "@")))}}"#),
        (
          document,
          #"{"event_id":"u2","timestamp":@,"twin":{"p0":{"last":\#(property(actual: ("21", "@2"))),"current":\#(property(actual: ("22", "@")))}}}"#
        ),
      ]),
    // 4: the same once more; nothing is suppressed.
    Step(
      "twin/update", #"{"event_id":"u3","timestamp":1700000000000,"twin":{"p0":{"actual":{"value":"22"}}}}"#,
      [
        (result, #"{"event_id":"u3","timestamp":@,"twin":{"p0":\#(property(actual: ("22", "@")))}}"#),
        (
          document,
          #"{"event_id":"u3","timestamp":@,"twin":{"p0":{"last":\#(property(actual: ("22", "@3"))),"current":\#(property(actual: ("22", "@")))}}}"#
        ),
      ]),
    // 5: desired, and not there yet.
    Step(
      "twin/update",
      #"{"event_id":"u4","timestamp":1700000000000,"twin":{"p0":{"expected":{"value":"30"}}}}"#,
      [
        (result, #"{"event_id":"u4","timestamp":@,"twin":{"p0":\#(property(expected: ("30", "@")))}}"#),
        (
          document,
          #"{"event_id":"u4","timestamp":@,"twin":{"p0":{"last":\#(property(actual: ("22", "@4"))),"current":\#(property(expected: ("30", "@"), actual: ("22", "@4")))}}}"#
        ),
        (
          delta,
          #"{"event_id":"UUID","timestamp":@,"twin":{"p0":\#(property(expected: ("30", "@"), actual: ("22", "@4")))},"delta":{"p0":"30"}}"#
        ),
      ]),
    // 6: both sides and a type. As long as any property differs, every update is followed by a delta.
    Step(
      "twin/update",
      #"{"event_id":"u6","timestamp":1700000000000,"twin":{"n":{"expected":{"value":"5"},"actual":{"value":"5"},"metadata":{"type":"int"}}}}"#,
      [
        (
          result,
          #"{"event_id":"u6","timestamp":@,"twin":{"n":\#(property(expected: ("5", "@"), actual: ("5", "@"), type: "int"))}}"#
        ),
        (
          document,
          #"{"event_id":"u6","timestamp":@,"twin":{"n":{"last":null,"current":\#(property(expected: ("5", "@"), actual: ("5", "@"), type: "int"))}}}"#
        ),
        (
          delta,
          #"{"event_id":"UUID","timestamp":@,"twin":{"n":\#(property(expected: ("5", "@"), actual: ("5", "@"), type: "int")),"p0":\#(property(expected: ("30", "@5"), actual: ("22", "@4")))},"delta":{"p0":"30"}}"#
        ),
      ]),
    // 7: an empty twin.
    Step(
      "twin/update", #"{"event_id":"u17","timestamp":1,"twin":{}}"#,
      [
        (result, #"{"event_id":"u17","timestamp":@,"twin":{}}"#),
        (
          delta,
          #"{"event_id":"UUID","timestamp":@,"twin":{"n":\#(property(expected: ("5", "@6"), actual: ("5", "@6"), type: "int")),"p0":\#(property(expected: ("30", "@5"), actual: ("22", "@4")))},"delta":{"p0":"30"}}"#
        ),
      ]),
    // 8: reached. Two properties in one message; no delta any more, not even an empty one.
    Step(
      "twin/update",
      #"{"event_id":"u8","timestamp":1,"twin":{"p0":{"actual":{"value":"30"}},"b":{"actual":{"value":"true"},"metadata":{"type":"boolean"}}}}"#,
      [
        (
          result,
          #"{"event_id":"u8","timestamp":@,"twin":{"b":\#(property(actual: ("true", "@"), type: "boolean")),"p0":\#(property(actual: ("30", "@")))}}"#
        ),
        (
          document,
          #"{"event_id":"u8","timestamp":@,"twin":{"b":{"last":null,"current":\#(property(actual: ("true", "@"), type: "boolean"))},"p0":{"last":\#(property(expected: ("30", "@5"), actual: ("22", "@4"))),"current":\#(property(expected: ("30", "@5"), actual: ("30", "@")))}}}"#
        ),
      ]),
    // 9
    Step(
      "twin/get", #"{"event_id":"g1","timestamp":1}"#,
      [
        (
          "twin/get/result",
          #"{"event_id":"g1","timestamp":@,"twin":{"b":\#(property(actual: ("true", "@8"), type: "boolean")),"n":\#(property(expected: ("5", "@6"), actual: ("5", "@6"), type: "int")),"p0":\#(property(expected: ("30", "@5"), actual: ("30", "@8")))}}"#
        )
      ]),
    // 10, 11: a property with neither side; without event id and time.
    Step(
      "twin/update", #"{"twin":{"t2":{}}}"#,
      [
        (result, #"{"event_id":"","timestamp":@,"twin":{"t2":\#(property())}}"#),
        (document, #"{"event_id":"","timestamp":@,"twin":{"t2":{"last":null,"current":\#(property())}}}"#),
      ]),
    Step("twin/update", #"{"twin":{"t2":{}}}"#, [(result, #"{"event_id":"","timestamp":@,"twin":{}}"#)]),
  ]

  @Test func `a property is made, changed, desired and reached`() async throws {
    try await MQTTDialogue().run(Self.made)
  }

  private static let deleted: [Step] = [
    Step(
      "twin/update",
      #"{"event_id":"u10","timestamp":1,"twin":{"o":{"actual":{"value":"1"},"metadata":{"type":"int"}}}}"#,
      [
        (
          result,
          #"{"event_id":"u10","timestamp":@,"twin":{"o":\#(property(actual: ("1", "@"), type: "int"))}}"#
        ),
        (
          document,
          #"{"event_id":"u10","timestamp":@,"twin":{"o":{"last":null,"current":\#(property(actual: ("1", "@"), type: "int"))}}}"#
        ),
      ]),
    Step(
      "twin/update", #"{"event_id":"u11","timestamp":1,"twin":{"o":null}}"#,
      [
        (result, #"{"event_id":"u11","timestamp":@,"twin":{"o":null}}"#),
        (
          document,
          #"{"event_id":"u11","timestamp":@,"twin":{"o":{"last":\#(property(actual: ("1", "@1"), type: "int")),"current":null}}}"#
        ),
      ]),
    // Once more: the document shows the tombstone.
    Step(
      "twin/update", #"{"event_id":"u12","timestamp":1,"twin":{"o":null}}"#,
      [
        (result, #"{"event_id":"u12","timestamp":@,"twin":{}}"#),
        (
          document,
          #"{"event_id":"u12","timestamp":@,"twin":{"o":{"last":{"actual":{},"optional":true,"metadata":{"type":"deleted"}},"current":null}}}"#
        ),
      ]),
    Step("twin/get", "{}", [("twin/get/result", #"{"event_id":"","timestamp":@,"twin":{}}"#)]),
    Step(
      "twin/update", #"{"event_id":"u15","timestamp":1,"twin":{"nosuch":null}}"#,
      [
        (result, #"{"event_id":"u15","timestamp":@,"twin":{}}"#),
        (document, #"{"event_id":"u15","timestamp":@,"twin":{"nosuch":{"last":null,"current":null}}}"#),
      ]),
    // Revived, as a string whatever it was.
    Step(
      "twin/update", #"{"event_id":"u13","timestamp":1,"twin":{"o":{"actual":{"value":"7"}}}}"#,
      [
        (result, #"{"event_id":"u13","timestamp":@,"twin":{"o":\#(property(actual: ("7", "@")))}}"#),
        (
          document,
          #"{"event_id":"u13","timestamp":@,"twin":{"o":{"last":null,"current":\#(property(actual: ("7", "@")))}}}"#
        ),
      ]),
  ]

  @Test func `a property is deleted, deleted again and revived`() async throws {
    try await MQTTDialogue().run(Self.deleted)
  }

  @Test func `twin get answers in every case`() async throws {
    let answer = "twin/get/result"
    try await MQTTDialogue().run([
      Step("twin/get", "{}", [(answer, #"{"event_id":"","timestamp":@,"twin":{}}"#)]),
      Step("twin/get", "null", [(answer, #"{"event_id":"","timestamp":@,"twin":{}}"#)]),
      Step(
        "$hw/events/device/default/nosuch/twin/get", #"{"event_id":"g3","timestamp":1}"#,
        [
          (
            "$hw/events/device/default/nosuch/twin/get/result",
            #"{"event_id":"g3","timestamp":@,"code":404,"reason":"Device default/nosuch not found while getting twin"}"#
          )
        ]),
      Step(
        "twin/get", "hello",
        [
          (
            answer,
            #"{"event_id":"","timestamp":@,"code":400,"reason":"Unmarshal twin info hello failed , err: unexpected character at byte 0"}"#
          )
        ]),
      Step(
        "twin/get", "",
        [
          (
            answer,
            #"{"event_id":"","timestamp":@,"code":400,"reason":"Unmarshal twin info  failed , err: unexpected end at byte 0"}"#
          )
        ]),
    ])
  }
}
