// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
import DeviceTwin
import TestSupport
import Testing

/// Requests that KubeEdge refuses, leaves without an answer, or stops at; and those that are no update.
@Suite struct KubeEdgeRefusalTests {
  private static let setUp =
    #"{"twin":{"n":{"actual":{"value":"1"},"metadata":{"type":"int"}},"f":{"actual":{"value":"1.5"},"metadata":{"type":"float"}},"b":{"actual":{"value":"true"},"metadata":{"type":"boolean"}},"p0":{"actual":{"value":"a"}},"fixed":{"actual":{"value":"a"},"optional":false}}}"#

  /// Request, code and reason; the reason may be a beginning, marked by `…`.
  private static let refusals: [(String, Int, String)] = [
    (#"{"event_id":"x","twin":{"n":{"actual":{"value":"abc"}}}}"#, 400, "the value is not int or integer"),
    (
      #"{"event_id":"x","twin":{"n":{"actual":{"value":"12345678901234567890"}}}}"#, 400,
      "the value is not int or integer"
    ),
    (#"{"event_id":"x","twin":{"f":{"actual":{"value":"x"}}}}"#, 400, "the value is not float"),
    (#"{"event_id":"x","twin":{"b":{"actual":{"value":"1"}}}}"#, 400, "the bool value must be true or false"),
    (
      #"{"event_id":"x","twin":{"z":{"actual":{"value":"1"},"metadata":{"type":"bytes"}}}}"#, 400,
      "the value type is not allowed"
    ),
    (#"{"event_id":"x","timestamp":1}"#, 400, "Update twin error, key:twin does not exist"),
    (#"{"event_id":"x","twin":null}"#, 400, "Update twin error, key:twin does not exist"),
    (#"{"event_id":"x","twin":"x"}"#, 400, "Unmarshal update request body failed, please check the request…"),
    (
      #"{"event_id":"x","twin":{"p0":{"actual":{"value":5}}}}"#, 400,
      "Unmarshal update request body failed, please check the request…"
    ),
    // These stop KubeEdge's twin worker.
    (
      #"{"event_id":"x","twin":{"p0":{"actual":{}}}}"#, 400,
      "Unmarshal update request body failed, please check the request: twin.p0.actual has no value"
    ),
    (
      #"{"event_id":"x","twin":{"p0":{"expected":{}}}}"#, 400,
      "Unmarshal update request body failed, please check the request: twin.p0.expected has no value"
    ),
    (
      #"{"event_id":"x","twin":{"p0":{"actual":{"value":null}}}}"#, 400,
      "Unmarshal update request body failed, please check the request: twin.p0.actual has no value"
    ),
    (#"{"event_id":"x","twin":{"a b":{"actual":{"value":"1"}}}}"#, 400, "The key of twin must only include…"),
    (#"{"event_id":"x","twin":{"":{"actual":{"value":"1"}}}}"#, 400, "The key of twin must only include…"),
    (
      #"{"event_id":"x","twin":{"p0":{"actual":{"value":""}}}}"#, 400,
      "The value of twin must be 1 to 512 bytes…"
    ),
    (
      #"{"event_id":"x","twin":{"p0":{"actual":{"value":"a\u0000b"}}}}"#, 400,
      "The value of twin must be 1 to 512 bytes…"
    ),
    (
      #"{"event_id":"x","twin":{"fixed":null}}"#, 400,
      "property fixed of device default/one-0 is not optional and cannot be deleted"
    ),
    // One bad entry refuses the whole request.
    (
      #"{"event_id":"x","twin":{"p0":{"actual":{"value":"changed"}},"n":{"actual":{"value":"abc"}}}}"#, 400,
      "the value is not int or integer"
    ),
  ]

  @Test(arguments: refusals.indices) func `a bad update is refused whole, on the device's own topic`(
    index: Int
  ) async throws {
    let (request, code, reason) = Self.refusals[index]
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.plain())
    bench.update(Self.setUp)
    #expect(await eventually { bench.publisher.texts("document").count == 1 })
    let before = try #require(bench.twin.device(oneName))
    _ = bench.publisher.drain()
    bench.update(request)
    #expect(await eventually { bench.publisher.messages.count == 1 })
    let message = try #require(bench.publisher.messages.first)
    #expect(message.topic == "$hw/events/device/default/one-0/twin/update/result")
    let start = #"{"event_id":"x","timestamp":1795515640000,"code":\#(code),"reason":""#
    if reason.hasSuffix("…") {
      #expect(message.text.hasPrefix(start + reason.dropLast()))
    } else {
      #expect(message.text == start + reason + "\"}")
    }
    let after = try #require(bench.twin.device(oneName))
    #expect(after.properties.map(\.reported) == before.properties.map(\.reported))
    #expect(after.reportedVersion == before.reportedVersion)
    #expect(bench.twin.statistics.refused == 1)
    await bench.twin.stop()
  }

  @Test(arguments: ["hello", "", "[]", "7", #"{"event_id":5,"twin":{}}"#, "{\"twin\":{\"a\":"])
  func `a body that is no request is answered with an empty event id`(body: String) async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.plain())
    _ = bench.publisher.drain()
    bench.update(body)
    #expect(await eventually { !bench.publisher.messages.isEmpty })
    let message = try #require(bench.publisher.messages.first)
    #expect(message.topic == "$hw/events/device/default/one-0/twin/update/result")
    #expect(
      message.text.hasPrefix(
        #"{"event_id":"","timestamp":1795515640000,"code":400,"reason":"Unmarshal update request body failed, please check the request"#
      ))
    await bench.twin.stop()
  }

  @Test func `an unknown device is answered where the request names it`() async throws {
    let bench = try await TwinBench()
    bench.update(#"{"event_id":"u20","twin":{"p0":{"actual":{}}}}"#, of: "default/nosuch")
    bench.update(#"{"event_id":"u20","twin":{"p0":{"actual":{"value":"1"}}}}"#, of: "default/nosuch")
    bench.send(#"{"event_id":"g3","timestamp":1}"#, to: "$hw/events/device/default/nosuch/twin/get")
    bench.send(#"{"event_id":"s9","state":"online"}"#, to: "$hw/events/device/default/nosuch/state/update")
    let got = bench.publisher.drain()
    #expect(
      got.map(\.topic) == [
        "$hw/events/device/default/nosuch/twin/update/result",
        "$hw/events/device/default/nosuch/twin/update/result",
        "$hw/events/device/default/nosuch/twin/get/result",
        "$hw/events/device/default/nosuch/state/update/result",
      ])
    #expect(
      got[1].text
        == #"{"event_id":"u20","timestamp":1795515640000,"code":404,"reason":"update rejected due to the device is not existed"}"#
    )
    #expect(
      got[2].text
        == #"{"event_id":"g3","timestamp":1795515640000,"code":404,"reason":"Device default/nosuch not found while getting twin"}"#
    )
    #expect(
      got[3].text
        == #"{"event_id":"s9","timestamp":1795515640000,"code":404,"reason":"Device default/nosuch not found while updating state"}"#
    )
    await bench.twin.stop()
  }

  @Test func `twin get says what is wrong with a body`() async throws {
    try await SampleStep.run([
      SampleStep(
        "twin/get", "hello",
        [
          (
            "twin/get/result",
            #"{"event_id":"","timestamp":@0,"code":400,"reason":"Unmarshal twin info hello failed , err: unexpected character at byte 0"}"#
          )
        ]),
      SampleStep(
        "twin/get", "",
        [
          (
            "twin/get/result",
            #"{"event_id":"","timestamp":@0,"code":400,"reason":"Unmarshal twin info  failed , err: unexpected end at byte 0"}"#
          )
        ]),
      SampleStep("twin/get", "null", [("twin/get/result", #"{"event_id":"","timestamp":@0,"twin":{}}"#)]),
    ])
  }

  @Test func `a device's own program says its state`() async throws {
    try await SampleStep.run([
      SampleStep(
        "state/update", #"{"event_id":"s1","timestamp":1,"state":"online"}"#,
        [
          (
            "state/update/result",
            #"{"event_id":"UUID","timestamp":@0,"device":{"name":"one-0","state":"online","lastOnlineTime":"2026-11-24T10:20:41Z"}}"#
          )
        ]),
      SampleStep(
        "state/update", #"{"event_id":"s2","timestamp":1,"State":"OFFLINE"}"#,
        [
          (
            "state/update/result",
            #"{"event_id":"UUID","timestamp":@0,"device":{"name":"one-0","state":"OFFLINE"}}"#
          )
        ]),
      SampleStep(
        "state/update", #"{"event_id":"s3","state":"broken"}"#,
        [
          (
            "state/update/result",
            #"{"event_id":"s3","timestamp":@0,"code":400,"reason":"state broken: expected online, offline, ok, unknown or unhealthy"}"#
          )
        ]),
      SampleStep(
        "state/update", #"{}"#,
        [
          (
            "state/update/result",
            #"{"event_id":"","timestamp":@0,"code":400,"reason":"state: expected online, offline, ok, unknown or unhealthy"}"#
          )
        ]),
      SampleStep(
        "state/update", "hello",
        [
          (
            "state/update/result",
            #"{"event_id":"","timestamp":@0,"code":400,"reason":"Unmarshal state hello failed , err: unexpected character at byte 0"}"#
          )
        ]),
    ])
  }

  @Test func `membership is listed and its changes are told`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.plain())
    bench.send(#"{"event_id":"s","state":"OFFLINE"}"#, to: "$hw/events/device/default/one-0/state/update")
    #expect(await eventually { bench.publisher.texts("state/update/result").count == 1 })
    bench.send(#"{"event_id":"m1","timestamp":1}"#, to: "$hw/events/node/other/membership/get")
    bench.send("", to: "$hw/events/node/edge-1/membership/get")
    bench.twin.deviceRemoved(oneName)
    #expect(
      bench.publisher.messages.filter { $0.topic.hasPrefix("$hw/events/node/") }.map {
        .init(topic: $0.topic, text: withoutUUID($0.text))
      } == [
        RecordingPublisher.Message(
          topic: "$hw/events/node/edge-1/membership/updated",
          text:
            #"{"event_id":"UUID","timestamp":1795515640000,"added_devices":[{"id":"default/one-0","name":"one-0"}],"removed_devices":null}"#
        ),
        .init(
          topic: "$hw/events/node/edge-1/membership/get/result",
          text:
            #"{"event_id":"m1","timestamp":1795515640000,"devices":[{"id":"default/one-0","name":"one-0","state":"OFFLINE"}]}"#
        ),
        .init(
          topic: "$hw/events/node/edge-1/membership/get/result",
          text:
            #"{"event_id":"","timestamp":1795515640000,"code":400,"reason":"Unmarshal get membership info  failed , err: unexpected end at byte 0"}"#
        ),
        .init(
          topic: "$hw/events/node/edge-1/membership/updated",
          text:
            #"{"event_id":"UUID","timestamp":1795515640000,"added_devices":null,"removed_devices":[{"id":"default/one-0","name":"one-0"}]}"#
        ),
      ])
    await bench.twin.stop()
  }

  @Test(arguments: ["dev", "e", "event", "device", "hw", "vice"])
  func `a namespace that is part of the topic's own words works`(namespace: String) async throws {
    try await SampleStep.run(
      [
        SampleStep(
          "twin/get", #"{"event_id":"g"}"#,
          [("twin/get/result", #"{"event_id":"g","timestamp":@0,"twin":{}}"#)])
      ],
      device: namespace + "/one-0")
  }

  @Test(arguments: [
    "$hw/events/device/default/one-0/twin/foo", "$hw/events/device/default/one-0/twin/cloud_updated",
    "$hw/events/device/default/one-0/twin", "$hw/events/device/one-0/twin/get",
    "$hw/events/node/edge-1/membership/detail",
    "$hw/events/upload/a", "SYS/dis/upload_records", "a/user/b", "",
    "$hw/events/device/default/one-0/twin/get/result",
  ])
  func `other topics are nobody's`(topic: String) async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.plain())
    _ = bench.publisher.drain()
    bench.send(#"{"twin":{"p0":{"actual":{"value":"1"}}}}"#, to: topic)
    #expect(bench.publisher.messages.isEmpty)
    #expect(bench.twin.statistics.ignored == 1)
    await bench.twin.stop()
  }

  @Test func `values may hold what KubeEdge refuses, and member names any case`() async throws {
    try await SampleStep.run([
      SampleStep(
        "twin/update", #"{"Event_ID":"v","TWIN":{"p":{"Actual":{"VALUE":"21.5 °C <b>+1%"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"v","timestamp":@0,"twin":{"p":{"actual":{"value":"21.5 °C \u003cb\u003e+1%","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"v","timestamp":@0,"twin":{"p":{"last":null,"current":{"actual":{"value":"21.5 °C \u003cb\u003e+1%","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}}"#
          ),
        ])
    ])
  }
}
