// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Synchronization
import Testing

@testable import TwinAPI

@Suite struct MethodRouteTests {
  static let methods = "/v1/devices/default/pump-1/methods"

  static func call(_ method: String, _ body: String = "", query: String = "") -> String {
    let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
    return "POST \(methods)/\(method)\(query) HTTP/1.1\r\nHost: a\r\n\(length)\r\n\(body)"
  }

  @Test func `lists the methods of a device with arguments, types and flags`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("GET", Self.methods)
      #expect(answer.status == 200)
      let expected: JSON = [
        "items": [
          [
            "name": "add", "summary": "adds two numbers",
            "arguments": [["name": "a", "type": "double"], ["name": "b", "type": "double"]],
            "result": "double", "idempotent": true, "changesState": false, "needsConfirmation": false,
          ],
          [
            "name": "reset", "arguments": [], "idempotent": false, "changesState": true,
            "needsConfirmation": true,
          ],
          [
            "name": "wait", "arguments": [], "idempotent": false, "changesState": false,
            "needsConfirmation": false,
          ],
        ]
      ]
      #expect(answer.json == expected)
      #expect(try await api.ask("GET", Self.methods, tcp: true).status == 200)
      #expect(try await api.ask("GET", "/v1/devices/default/none/methods").problem == "device-not-found")
    }
  }

  @Test func `calls with arguments and answers with the result`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask(
        "POST", Self.methods + "/add?timeout=250ms", #"{"a":1.5,"b":2}"#,
        headers: ["Content-Type: application/json"])
      #expect(answer.status == 200)
      #expect(answer.body == #"{"status":"ok","result":3.5}"# + "\n")
      let call = try #require(api.methods.state.withLock { $0.calls.first })
      #expect(call.timeout == .milliseconds(250))
      #expect(call.arguments.map(\.name) == ["a", "b"])
      #expect(!call.isConfirmed)
    }
  }

  @Test func `takes an empty body as no arguments, and asks for a confirmation where one is due`()
    async throws
  {
    try await TestAPI.running { api in
      let refused = try await api.ask("POST", Self.methods + "/reset")
      #expect(refused.status == 428)
      #expect(refused.problem == "needs-confirmation")
      #expect(refused.json["method"] == "reset")
      let done = try await api.ask("POST", Self.methods + "/reset?confirm=true")
      #expect(done.body == #"{"status":"ok"}"# + "\n")
      #expect(api.methods.state.withLock { $0.calls.last?.timeout } == .seconds(5))
      #expect(try await api.ask("POST", Self.methods + "/reset?confirm=false").status == 428)
    }
  }

  @Test(arguments: [
    ("/reset?confirm=yes", "", "invalid-query"), ("/reset?timeout=61s", "", "invalid-query"),
    ("/reset?timeout=5", "", "invalid-query"), ("/reset?force=true", "", "invalid-query"),
    ("/add", "[1]", "bad-request"), ("/add", "{", "invalid-json"),
  ])
  func `refuses a request that cannot be meant so`(path: String, body: String, problem: String) async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("POST", Self.methods + path, body)
      #expect(answer.status == 400)
      #expect(answer.problem == problem)
      #expect(api.methods.state.withLock { $0.calls.isEmpty })
    }
  }

  @Test func `refuses a body of another type and one that is too long`() async throws {
    try await TestAPI.running { api in
      let typed = try await api.ask(
        "POST", Self.methods + "/add", "a=1", headers: ["Content-Type: text/plain"])
      #expect(typed.status == 415)
      let long = try await api.ask(
        "POST", Self.methods + "/add", String(repeating: " ", count: Limits.body + 1))
      #expect(long.status == 413)
    }
  }

  @Test(arguments: [
    (MethodError.busy, 503, "busy"),
    (.notDriven(.test("default/pump-1"), reason: "the mapper restarts"), 409, "not-driven"),
    (.methodNotFound("x", available: ["add"]), 404, "method-not-found"),
    (.invalidArguments([.init(argument: "a", value: "", expected: "a number")]), 400, "invalid-arguments"),
  ])
  func `tells why nothing was called`(error: MethodError, status: Int, name: String) async throws {
    try await TestAPI.running { api in
      api.methods.answer(.failure(error))
      let answer = try await api.ask("POST", Self.methods + "/x")
      #expect(answer.status == status)
      #expect(answer.problem == name)
      #expect((answer.headers["retry-after"] != nil) == (status == 503))
      if name == "method-not-found" { #expect(answer.json["available"] == ["add"]) }
    }
  }

  @Test func `tells all that is wrong with the arguments at once`() async throws {
    try await TestAPI.running { api in
      api.methods.answer(
        .failure(
          .invalidArguments([
            .init(argument: "a", value: #""x""#, expected: "a number"),
            .init(argument: "b", value: "", expected: "a number"),
          ])))
      let answer = try await api.ask("POST", Self.methods + "/add", "{}")
      #expect(
        answer.json["problems"] == [
          ["argument": "a", "value": #""x""#, "expected": "a number"],
          ["argument": "b", "expected": "a number"],
        ])
      #expect(answer.json["detail"] == "a: \"x\": expected a number\nb: missing: expected a number")
    }
  }

  @Test func `gives the driver's words for a call that failed`() async throws {
    try await TestAPI.running { api in
      let denied = MapperStatus(rawValue: MapperStatus.denied.rawValue | 7 << 8)
      api.methods.answer(.success(.init(status: denied, text: "the door is open")))
      let failed = try await api.ask("POST", Self.methods + "/reset")
      #expect(failed.status == 502)
      #expect(failed.problem == "call-failed")
      #expect(failed.json["driverStatus"] == "denied")
      #expect(failed.json["driverDetail"] == 7)
      #expect(failed.json["driverText"] == "the door is open")
      #expect(failed.json["detail"] == "reset of default/pump-1: denied (7): the door is open")
      api.methods.answer(.success(.init(status: .timeout)))
      let late = try await api.ask("POST", Self.methods + "/reset")
      #expect(late.status == 504)
      #expect(late.problem == "call-timeout")
    }
  }

  @Test func `knows a device without a mapper from one that is not there`() async throws {
    try await TestAPI.running { api in
      api.twins.add(.test("default/phone"))
      let answer = try await api.ask("POST", "/v1/devices/default/phone/methods/add")
      #expect(answer.status == 409)
      #expect(answer.problem == "not-driven")
      #expect(try await api.ask("POST", "/v1/devices/default/none/methods/add").status == 404)
    }
  }

  @Test func `is refused on the port that only reads`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("POST", Self.methods + "/add", "{}", tcp: true)
      #expect(answer.status == 403)
      #expect(answer.problem == "read-only")
      #expect(api.methods.state.withLock { $0.calls.isEmpty })
    }
  }

  @Test func `keeps the connection for further calls`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        for number in 0..<3 {
          try await connection.send(Self.call("add", #"{"a":\#(number),"b":1}"#))
          #expect(try await connection.answer().json["result"] == .int(Int64(number + 1)))
        }
      }
    }
  }

  @Test func `cancels the call of a client that hangs up`() async throws {
    try await TestAPI.running { api in
      try await api.connect().withConnection { connection in
        try await connection.send(Self.call("wait"))
        try await eventually { api.methods.state.withLock { $0.waiting.count == 1 } }
      }
      try await eventually { api.methods.state.withLock { $0.cancelled == 1 } }
    }
  }

  @Test func `bounds the calls under way, and cancels them when it stops`() async throws {
    let api = TestAPI()
    try await api.server.start()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<Limits.calls {
        group.addTask {
          try await api.connect().withConnection { connection in
            try await connection.send(Self.call("wait"))
            return try await connection.answer().status
          }
        }
      }
      try await eventually { api.methods.state.withLock { $0.waiting.count == Limits.calls } }
      let refused = try await api.ask("POST", Self.methods + "/add")
      #expect(refused.status == 503)
      #expect(refused.headers["retry-after"] == "1")
      await api.stop()
      for try await status in group { #expect(status == 502) }
    }
    #expect(api.methods.state.withLock { $0.cancelled == Limits.calls })
  }
}
