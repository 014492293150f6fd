// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// Methods of a device, from every side on which people and programs call them.
@Suite(.runsNodes) struct MethodTests {
  private static let methods = "/v1/devices/default/well/methods"
  private static let topic = "$ke/events/device/default/well/method"

  private static let well = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: well, namespace: default}
    spec:
      protocol: virtual
      properties:
      - {name: fillings, type: INT, accessMode: ReadOnly}
      - {name: readings, type: INT, accessMode: ReadOnly}
    ---
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: well, namespace: default}
    spec:
      deviceModelRef: {name: well}
      protocol: {protocolName: virtual}
      properties:
      - {name: fillings, collectCycle: 100, reportCycle: 100, visitors: {configData: {kind: counter}}}
      - {name: readings, collectCycle: 3600000, reportCycle: 100, visitors: {configData: {kind: counter}}}

    """

  private static func node(_ mqtt: Node.MQTT = .none) async throws -> Node {
    let node = try await Node.started(mqtt, mappers: ["virtual"], manifests: ["well": well])
    #expect(await node.becomes("online", "default/well"))
    return node
  }

  private static func call(
    _ node: Node, _ method: String, _ arguments: String? = nil, query: String = ""
  ) async throws -> HTTPReply {
    try await node.http.send("POST", methods + "/" + method + query, body: arguments, limit: 75)
  }

  @Test func `a program lists and calls them over HTTP`() async throws {
    let node = try await Self.node()
    let list = await node.get(Self.methods)["items"]?.array ?? []
    let add = list.first { $0["name"] == "add" }
    #expect(add?["arguments"] == [["name": "a", "type": "double"], ["name": "b", "type": "double"]])
    #expect(add?["result"] == "double")
    #expect(list.first { $0["name"] == "factoryReset" }?["needsConfirmation"] == true)

    #expect(try await Self.call(node, "add", #"{"a":1.5,"b":2}"#).json == ["status": "ok", "result": 3.5])
    #expect(try await Self.call(node, "echo", #"{"text":"grüß 💧"}"#).json["result"] == "grüß 💧")
    // "123456789" in base64.
    let checksum = try await Self.call(node, "checksum", #"{"bytes":"MTIzNDU2Nzg5"}"#)
    #expect(checksum.json["result"] == 3_421_780_262)
    #expect(try await Self.call(node, "isBetween", #"{"value":3,"low":1,"high":9}"#).json["result"] == true)
    #expect(try await Self.call(node, "reset").json == ["status": "ok"])
  }

  @Test func `what cannot be called is told from what failed`() async throws {
    let node = try await Self.node()
    let unknown = try await Self.call(node, "explode")
    #expect(unknown.status == 404)
    #expect(unknown.json["available"]?.array?.contains("add") == true)
    let wrong = try await Self.call(node, "add", #"{"a":"1","c":2}"#)
    #expect(wrong.status == 400)
    #expect(
      Set(wrong.json["problems"]?.array?.compactMap { $0["argument"]?.string } ?? []) == ["a", "b", "c"])
    #expect(try await Self.call(node, "factoryReset").status == 428)
    #expect(try await Self.call(node, "factoryReset", query: "?confirm=true").status == 200)
    let refused = try await Self.call(node, "setFault", #"{"fault":"bang","on":"read"}"#)
    #expect(refused.status == 502)
    #expect(refused.json["driverStatus"] == "invalid")
    #expect(refused.json["driverText"]?.string?.contains("bang") == true, "\(refused.text)")
    let late = try await Self.call(node, "sleep", #"{"ms":20000}"#, query: "?timeout=300ms")
    #expect(late.status == 504, "\(late.text)")
    #expect(await node.get("/v1/devices/default/none/methods")["status"] == 404)
  }

  /// The counter counts its readings, of which there is one an hour beside those that follow a call.
  @Test func `a method that changes the device has its properties read at once`() async throws {
    let node = try await Self.node()
    #expect(
      await eventually { await node.reported("readings", of: "default/well") != .null })
    let before = await node.reported("readings", of: "default/well")
    #expect(try await Self.call(node, "add", #"{"a":1,"b":1}"#).status == 200)
    #expect(await node.reported("readings", of: "default/well") == before)
    #expect(try await Self.call(node, "setFault", #"{"fault":"none","on":"read"}"#).status == 200)
    #expect(
      await eventually { await node.reported("readings", of: "default/well") != before }
    )
  }

  @Test func `a client that hangs up frees the device for the next`() async throws {
    let node = try await Self.node()
    let path = node.socketPath
    try await offload {
      let connection = try Socket(path: path, limit: 30)
      let body = #"{"ms":50000}"#
      try connection.send(
        Array(
          ("POST \(Self.methods)/sleep?timeout=60s HTTP/1.1\r\nHost: edge\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body).utf8))
    }
    // Would be 504 as long as the device sleeps.
    let next = try await Self.call(node, "add", #"{"a":1,"b":1}"#, query: "?timeout=30s")
    #expect(next.status == 200, "\(next.text)")
  }

  @Test func `a device program calls them over MQTT`() async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let node = try await Self.node(.external(broker))
    let client = try await MQTTTestClient(port: broker.port)
    try await client.subscribe(Self.topic + "/+/call/result")
    let requests = [
      ("add", #"{"event_id":"1","arguments":{"a":1.5,"b":2}}"#), ("explode", #"{"event_id":"2"}"#),
      ("factoryReset", #"{"event_id":"3"}"#), ("factoryReset", #"{"event_id":"4","confirm":true}"#),
      ("add", "{"), ("sleep", #"{"event_id":"6","timeout_ms":200,"arguments":{"ms":20000}}"#),
    ]
    for (index, (method, body)) in requests.enumerated() {
      try await client.publish(body, to: Self.topic + "/\(method)/call")
      #expect(await client.messages(count: index + 1).count == index + 1)
    }
    let answers = client.messages.map { (try? JSON.parse($0.text)) ?? .null }
    #expect(answers.map { $0["event_id"] } == ["1", "2", "3", "4", "", "6"])
    #expect(answers.map { $0["code"] } == [nil, 404, 428, nil, 400, 504])
    #expect(answers.first?["result"] == 3.5)
    #expect(client.messages.map(\.topic) == requests.map { Self.topic + "/\($0.0)/call/result" })
    #expect(node.process?.ending == nil)
  }

  @Test func `a person calls them with edgectl`() async throws {
    let node = try await Self.node()
    func edgectl(_ arguments: String...) async throws -> Command.Result {
      try await Command.run(
        Programs.path("edgectl"), arguments, environment: ["SELVEDGE_SOCKET=" + node.socketPath],
        within: .seconds(60))
    }
    let sum = try await edgectl("call", "well", "add", "a=1.5", "b=2")
    #expect(sum.status == 0, "\(sum.all)")
    #expect(sum.output == "3.5\n")
    // A text that looks like a number stays a text.
    #expect(try await edgectl("call", "well", "echo", "text=007").output == "007\n")
    let json = try await edgectl("call", "default/well", "add", "--args", #"{"a":1,"b":1}"#, "-o", "json")
    #expect(try JSON.parse(json.output) == ["status": "ok", "result": 2])
    #expect(try await edgectl("get", "methods", "well", "-o", "name").output.contains("factoryReset\n"))

    let unconfirmed = try await edgectl("call", "well", "factoryReset")
    #expect(unconfirmed.status == 1)
    #expect(unconfirmed.errors.contains("--yes"), "\(unconfirmed.errors)")
    #expect(try await edgectl("call", "well", "factoryReset", "--yes").output == "ok\n")
    #expect(try await edgectl("call", "well", "add", "a=x").status == 2)
    #expect(try await edgectl("call", "well", "explode").status == 3)
    #expect(try await edgectl("call", "none", "add").status == 3)
    #expect(try await edgectl("call", "well", "sleep", "ms=20000", "--timeout", "200ms").status == 6)
  }
}
