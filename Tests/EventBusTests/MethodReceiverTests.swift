// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import TestSupport
import Testing

@testable import EventBus

/// Against a fake of the mappers, without a broker.
struct MethodReceiverTests {
  let methods = FakeMethods()
  let published = RecordingPublisher()
  let others = RecordingReceiver()
  let receiver: MethodReceiver

  init() {
    receiver = MethodReceiver(
      methods: methods, twins: OneTwin(), publisher: published, next: others,
      clock: WallClock { 1_795_521_600_123_000_000 })
  }

  static let add = "$ke/events/device/default/one/method/add/call"

  @discardableResult
  func send(_ text: String, to topic: String = Self.add) -> JSON? {
    let before = published.messages.count
    Array(text.utf8).withUnsafeBytes { receiver.receive($0, on: topic) }
    let messages = published.messages.dropFirst(before)
    #expect(messages.allSatisfy { $0.topic == topic + "/result" })
    return messages.first.map { (try? JSON.parse($0.text)) ?? .null }
  }

  @Test func `calls with the arguments and answers with the request's event id`() throws {
    send(#"{"event_id":"17","timestamp":1,"timeout_ms":250,"confirm":true,"arguments":{"a":1,"b":2.5}}"#)
    #expect(
      published.messages.map(\.text) == [#"{"event_id":"17","timestamp":1795521600123,"result":3.5}"#])
    let call = try #require(methods.calls.first)
    #expect(call.device.description == "default/one")
    #expect(call.method == "add")
    #expect(call.timeout == .milliseconds(250))
    #expect(call.isConfirmed)
  }

  @Test(arguments: [
    "", "null", "{}", #"{"event_id":null,"arguments":null,"timeout_ms":null,"confirm":null}"#,
  ])
  func `takes what says nothing as a call without arguments`(body: String) throws {
    let answer = send(body, to: "$ke/events/device/default/one/method/none/call")
    #expect(answer == ["event_id": "", "timestamp": 1_795_521_600_123, "result": nil])
    let call = try #require(methods.calls.first)
    #expect(call.timeout == .seconds(5))
    #expect(!call.isConfirmed)
    #expect(call.arguments.isEmpty)
  }

  @Test(arguments: [
    ("hello", "", "the request is not JSON"), ("[1]", "", "expected an object, found array"),
    (#"{"event_id":1}"#, "", "event_id: 1: expected a string"),
    (#"{"timeout_ms":0,"event_id":"e"}"#, "e", "timeout_ms: 0: expected a whole number from 1 to 60000"),
    (#"{"event_id":"e","timeout_ms":60001}"#, "e", "timeout_ms: 60001"),
    (#"{"event_id":"e","timeout_ms":"5s"}"#, "e", "timeout_ms: string"),
    (#"{"event_id":"e","confirm":"yes"}"#, "e", "confirm: string: expected a boolean"),
    (#"{"event_id":"e","arguments":[1]}"#, "e", "arguments: array: expected an object"),
    (#"{"event_id":"e","argumnets":{}}"#, "e", "argumnets: object: expected only event_id"),
    (#"{"event_id":"e","timestamp":"now"}"#, "e", "timestamp: string: expected a whole number"),
    ("{\"event_id\":\"e\"", "", "not JSON"), ("\u{0}\u{1}", "", "not JSON"),
  ])
  func `answers what is malformed, and calls nothing`(body: String, event: String, reason: String) throws {
    let answer = try #require(send(body))
    #expect(answer["code"] == 400)
    #expect(answer["event_id"] == .string(event))
    #expect(answer["reason"]?.string?.contains(reason) == true, "\(answer)")
    #expect(methods.calls.isEmpty)
    #expect(receiver.statistics.refused == 1)
  }

  @Test func `answers bytes that are no text, and a request that is too long`() throws {
    for payload in [[0xFF, 0xFE], [UInt8](repeating: 0x20, count: (1 << 20) + 1)] {
      payload.withUnsafeBytes { receiver.receive($0, on: Self.add) }
    }
    let codes = try published.messages.map { try JSON.parse($0.text)["code"] }
    #expect(codes == [400, 400])
  }

  @Test(arguments: [
    (
      MethodError.methodNotFound("x", available: ["add", "none"]), 404,
      "default/one has no method x: it has add, none"
    ),
    (
      .notDriven(DeviceName(parsing: "default/one")!, reason: "the mapper restarts"), 409,
      "the mapper restarts"
    ),
    (.needsConfirmation("reset"), 428, "confirm"), (.busy, 429, "try again"),
    (
      .invalidArguments([
        .init(argument: "a", value: "\"x\"", expected: "a number"),
        .init(argument: "b", value: "", expected: "a number"),
      ]), 400, "a: \"x\": expected a number\nb: missing: expected a number"
    ),
  ])
  func `gives a code and a reason for what was not called`(error: MethodError, code: Int64, reason: String)
    throws
  {
    methods.answer = .failure(error)
    let answer = try #require(send("{}"))
    #expect(answer["code"] == .int(code))
    #expect(answer["reason"]?.string?.contains(reason) == true, "\(answer)")
    #expect(answer["result"] == nil)
  }

  @Test func `gives the driver's words for a call that failed`() throws {
    methods.answer = .success(MethodOutcome(status: .denied, text: "the door is open"))
    #expect(send("{}")?["reason"] == "denied: the door is open")
    #expect(send("{}")?["code"] == 502)
    methods.answer = .success(MethodOutcome(status: .timeout))
    #expect(send("{}")?["code"] == 504)
  }

  @Test func `answers for devices that are not there, that have no mapper, and that cannot be`() {
    func code(_ device: String) -> JSON? {
      send("{}", to: "$ke/events/device/\(device)/method/add/call")?["code"]
    }
    #expect(code("default/other") == 404)
    // Has a twin, and the mappers do not know it.
    #expect(code("default/phone") == 409)
    #expect(code("Default/one") == 404)
    #expect(code("/") == 404)
  }

  @Test(arguments: [
    "$hw/events/device/default/one/twin/update", "$ke/events/device/default/one/method/add/call/result",
    "$ke/events/device/default/one/method/add", "$ke/events/device/default/one/data/update", "",
  ])
  func `hands on every other message`(topic: String) {
    #expect(send("{}", to: topic) == nil)
    #expect(others.topics == [topic])
    #expect(receiver.statistics.requests == 0)
  }

  @Test func `bounds the calls under way`() throws {
    methods.holds = true
    for _ in 0..<MethodReceiver.limit { #expect(send("{}") == nil) }
    #expect(receiver.statistics.underWay == MethodReceiver.limit)
    #expect(send(#"{"event_id":"late"}"#)?["code"] == 429)
    #expect(receiver.statistics.dropped == 1)
    methods.release()
    #expect(receiver.statistics.underWay == 0)
    #expect(published.messages.count == MethodReceiver.limit + 1)
    methods.holds = false
    #expect(send("{}")?["code"] == nil)
  }

  @Test func `is called and answers through a real broker, and not by what is retained`() async throws {
    let server = try MosquittoServer()
    try await server.start()
    let client = try await MQTTTestClient(port: server.port)
    try await client.publish(#"{"event_id":"old"}"#, to: Self.add, retain: true)
    var options = EventBusOptions()
    options.external = BrokerAddress(host: "127.0.0.1", port: server.port)
    let bus = try EventBus(options, log: RecordingLog.make().0)
    bus.setReceiver(MethodReceiver(methods: methods, twins: OneTwin(), publisher: bus, next: others))
    try await bus.start()
    #expect(await bus.isConnected())
    #expect(await eventually { bus.statistics[0].ignored == 1 })
    try await client.subscribe(Self.add + "/result")
    try await client.publish(#"{"event_id":"new","arguments":{"a":1,"b":1}}"#, to: Self.add)
    try await client.publish("{", to: Self.add)
    let answers = await client.messages(count: 2).map {
      (try? JSON.parse($0.text)) ?? nil
    }
    #expect(answers.map { $0["event_id"] } == ["new", ""])
    #expect(answers.map { $0["code"] } == [nil, 400])
    #expect(answers.first?["result"] == 2)
    #expect(methods.calls.count == 1)
    try await client.publish("{}", to: requestTopic)
    #expect(await eventually { others.topics == [requestTopic] })
    await bus.stop()
  }

  @Test(arguments: [("/method/", true), ("/twin/", false)])
  func `works on where a broker refuses the calls, and not where it refuses the twins`(
    word: String, works: Bool
  ) async throws {
    let broker = try RefusingBroker(refusing: word)
    defer { broker.close() }
    let (log, lines) = RecordingLog.make()
    let bus = try await EventBus.started(on: broker.port, log: log)
    if works {
      #expect(await bus.isConnected())
      #expect(lines.all.contains { $0.contains("refused the subscription of method calls") })
    } else {
      #expect(await eventually { bus.statistics[0].problem.contains("refused 1") })
    }
    #expect(broker.patterns.starts(with: EventBus.subscriptions))
    await bus.stop()
  }
}
