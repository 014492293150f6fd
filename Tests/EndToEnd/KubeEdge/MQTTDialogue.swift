// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// One client's talk with a node, message by message, over a real broker.
///
/// Expected texts are whole. In them `@3` is the time of the first answer to request 3 (from 1), `@` the time
/// of this one; an event id that is a UUID reads UUID, a time of day reads TIME.
final class MQTTDialogue {
  struct Step {
    /// Below the device's topic, or a whole topic.
    var topic: String
    var request: String
    /// Topic and text of each answer, in order. Empty: none.
    var answers: [(topic: String, text: String)]

    init(_ topic: String, _ request: String, _ answers: [(String, String)]) {
      self.topic = topic
      self.request = request
      self.answers = answers
    }
  }

  let node: Node
  private let broker: MosquittoServer
  private let client: MQTTTestClient
  private let device: String
  /// The time of each request's first answer.
  private var times: [String] = []
  private var fences = 0

  /// A node with these devices, none of which has a mapper.
  init(_ device: String = "default/one-0", others: [String] = []) async throws {
    self.device = device
    broker = try MosquittoServer()
    try await broker.start()
    // The last one is not talked about: it marks ends.
    let devices = [device] + others + ["zz/fence"]
    let manifests = devices.map { name in
      let parts = name.split(separator: "/").map(String.init)
      return Manifests.plainModel().replacing("namespace: default", with: "namespace: \(parts[0])")
        .replacing("name: plain", with: "name: plain-\(parts[1])")
        + "---\n" + Manifests.plain(parts[1], namespace: parts[0], model: "plain-" + parts[1])
    }
    node = try await Node.started(
      .external(broker),
      manifests: Dictionary(uniqueKeysWithValues: zip(devices.indices.map { "d\($0)" }, manifests)))
    client = try await MQTTTestClient(port: broker.port)
    try await client.subscribe("$hw/#", qos: 2)
  }

  /// Sends each request and compares all that comes of it.
  func run(_ steps: [Step]) async throws {
    for step in steps {
      let answers = try await ask(step.request, on: step.topic)
      times.append(answers.first.map { Self.time(in: $0.text) } ?? "")
      let expected = step.answers.map { whole($0.topic) + " " + withTimes($0.text) }
      let found = answers.map { $0.topic + " " + Self.normal($0.text) }
      #expect(found == expected, "request \(times.count): \(step.request)")
      // As KubeEdge has it, whatever the request had.
      #expect(answers.allSatisfy { $0.qos == 1 && !$0.isRetained })
    }
  }

  /// All answers to one request, and nothing else.
  func ask(_ request: String, on topic: String) async throws -> [MQTTTestClient.Message] {
    client.forgetMessages()
    try await client.publish(request, to: whole(topic))
    // An update of another device is answered after all that came before it.
    fences += 1
    let end = "$hw/events/device/zz/fence/twin/update"
    try await client.publish(#"{"event_id":"fence-\#(fences)","twin":{}}"#, to: end)
    let isOver = await eventually {
      client.messages.contains { $0.topic == end + "/result" && $0.text.contains("\"fence-\(fences)\"") }
    }
    #expect(isOver, "no answer at all after \(request)")
    return client.messages.filter { $0.topic != whole(topic) && !$0.topic.contains("/zz/fence/") }
  }

  /// Messages that nobody asked for, until there are `count`.
  func listen(count: Int, after action: () throws -> Void) async throws -> [String] {
    client.forgetMessages()
    try action()
    return await client.messages(count: count).map {
      $0.topic + " " + Self.normal($0.text, keepsTimes: false)
    }
  }

  private func whole(_ topic: String) -> String {
    topic.hasPrefix("$hw/") || topic.contains("SYS/") || topic.contains("user")
      ? topic : "$hw/events/device/\(device)/\(topic)"
  }

  // MARK: Times and ids

  private func withTimes(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let mark = rest.firstRange(of: "\"timestamp\":@") {
      result += rest[..<mark.upperBound].dropLast()
      rest = rest[mark.upperBound...]
      let digits = rest.prefix { $0.isNumber }
      rest = rest[digits.endIndex...]
      result += Int(digits).map { times[$0 - 1] } ?? times[times.count - 1]
    }
    return result + rest
  }

  private static func time(in text: String) -> String {
    let mark = #""timestamp":"#
    guard let place = text.firstRange(of: mark) else { return "" }
    return String(text[place.upperBound...].prefix { $0.isNumber })
  }

  private static func normal(_ text: String, keepsTimes: Bool = true) -> String {
    let uuid = /"event_id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/
    let time = /"(last_online|lastOnlineTime)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/
    let result = text.replacing(uuid, with: #""event_id":"UUID""#)
      .replacing(time) { "\"\($0.output.1)\":\"TIME\"" }
    return keepsTimes ? result : result.replacing(/"timestamp":\d{13}/, with: #""timestamp":@"#)
  }
}
