// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DeviceAPI
import JSON
import Testing

@testable import edgectl

@Suite struct MethodCommandTests {
  @Test func `reads pairs as what the agent says their types are`() throws {
    let pairs = try ["a=1", "b=2.5", "c=true", "d=1", "e=x=y", "f=18446744073709551615", "g=[1,2]"]
      .map {
        try #require(KeyValue(argument: $0))
      }
    let types = [
      "a": "int", "b": "double", "c": "bool", "d": "text", "e": "text", "f": "uint", "g": "bytes",
    ]
    let members = try KeyValue.members(pairs) { .init(argument: types[$0]) }
    #expect(
      JSON.object(members).text
        == #"{"a":1,"b":2.5,"c":true,"d":"1","e":"x=y","f":"18446744073709551615","g":"[1,2]"}"#)
    let options = try KeyValue.members([pairs[0], pairs[6]]) {
      .init(schema: $0 == "g" ? "array" : "integer")
    }
    #expect(JSON.object(options).text == #"{"a":1,"g":[1,2]}"#)
  }

  @Test func `leaves a text that is not of its type to the agent, which tells of all at once`()
    throws
  {
    #expect(KeyValue.ValueType.integer.json("5.0") == "5.0")
    #expect(KeyValue.ValueType.number.json("inf") == "inf")
    #expect(KeyValue.ValueType.boolean.json("yes") == "yes")
    #expect(KeyValue.ValueType.structure.json("{") == "{")
  }

  @Test func `refuses what is given twice`() throws {
    let pair = try #require(KeyValue(argument: "a=1"))
    #expect(throws: Failure(.usage, "a is given twice")) {
      try KeyValue.members([pair, pair]) { _ in .string }
    }
    #expect(throws: Failure.self) { try KeyValue.members([pair], over: ["a": 2]) { _ in .string } }
    for text in ["a", "=1", ""] { #expect(KeyValue(argument: text) == nil) }
  }

  @Test(arguments: [
    ["call"], ["call", "pump-1"], ["call", "A", "reset"], ["call", "a", "reset", "b"],
    ["call", "a", "reset", "--timeout", "61s"], ["call", "a", "reset", "--timeout", "0s"],
    ["call", "a", "reset", "--args", "[1]"], ["call", "a", "reset", "--args", "{"],
    ["get", "methods"], ["get", "methods", "A"], ["discover", "modbus", "--pick", "0"],
    ["discover", "modbus", "--pick", "1", "--pick", "2", "--name", "x"],
    ["discover", "modbus", "--replace"],
    ["discover", "modbus", "--device", "a"], ["discover", "--apply"], ["discover", "ip=1"],
    ["discover", "modbus", "--timeout", "2h"], ["discover", "modbus", "--name", "A"],
    ["discover", "modbus", "--pick", "1", "--pick", "1"], ["discover", "modbus", "-o", "wide"],
  ])
  func `refuses what cannot be meant`(arguments: [String]) {
    #expect(throws: (any Error).self) { try Edgectl.parseAsRoot(arguments) }
  }

  @Test(arguments: [
    ["call", "plant/pump-1", "add", "a=1.5", "b=-2", "--yes", "-o", "json"],
    ["call", "pump-1", "add", "--args", #"{"a":1}"#, "b=2", "-n", "plant", "--timeout", "500ms"],
    ["get", "methods", "plant/pump-1", "-o", "name"], ["discover"], ["discover", "-o", "json"],
    [
      "discover", "modbus", "unitFrom=1", "unitTo=10", "--pick", "1", "--name", "boiler", "--apply",
    ],
    ["discover", "modbus", "--pick", "1", "--pick", "2", "--save", "x.yaml"],
    ["discover", "--device", "plant/pump-1"],
  ])
  func `takes what the help shows`(arguments: [String]) throws {
    #expect(try Edgectl.parseAsRoot(arguments) is any AsyncParsableCommand)
  }

  @Test func `prints the result alone`() {
    #expect(CallCommand.text(of: ["status": "ok", "result": 3.5]) == "3.5\n")
    #expect(CallCommand.text(of: ["status": "ok", "result": "on"]) == "on\n")
    #expect(CallCommand.text(of: ["status": "ok"]) == "ok\n")
  }

  @Test func `shows methods with how to call them`() {
    let method: JSON = [
      "name": "add", "summary": "adds",
      "arguments": [["name": "a", "type": "double"], ["name": "b", "type": "int"]],
      "result": "double", "idempotent": true, "changesState": true, "needsConfirmation": true,
    ]
    #expect(
      MethodRow.cells(of: method).map(\.text) == [
        "add", "a=DOUBLE b=INT", "double", "idempotent,changes,confirm", "adds",
      ])
    #expect(
      MethodRow.cells(of: ["name": "x", "arguments": []]).map(\.text) == ["x", "-", "-", "-", ""])
  }

  @Test(arguments: [
    ("method-not-found", 404, Outcome.notFound), ("driver-not-found", 404, .notFound),
    ("invalid-arguments", 400, .usage), ("invalid-options", 400, .usage),
    ("call-timeout", 504, .timeout),
    ("call-failed", 502, .failed), ("needs-confirmation", 428, .failed),
    ("not-driven", 409, .failed),
    ("busy", 503, .failed),
  ])
  func `tells by its status what went wrong`(name: String, status: Int, code: Outcome) {
    let body =
      #"{"type":"urn:selvedge:problem:\#(name)","title":"t","status":\#(status),"detail":"d"}"#
    let failure = Failure(status: status, body: body)
    #expect(failure.code == code)
    #expect(
      failure.message
        == (["invalid-arguments", "invalid-options", "not-driven"].contains(name) ? "t: d" : "d"))
  }

  @Test func `says how a method is confirmed here, and names no parameter of the API`() {
    let failure = Failure(
      status: 428,
      body: #"""
        {"type":"urn:selvedge:problem:needs-confirmation","title":"t","status":428,
        "detail":"wipe can do harm. Nothing was done; confirm=true says that it is meant.","method":"wipe"}
        """#)
    #expect(failure.message == "wipe can do harm, and nothing was done")
    #expect(failure.hint == "--yes says that it is meant.")
  }

  @Test(arguments: [
    ("[]", ""), (#"["a"]"#, "'edgectl get methods' of the device tells what they take."),
  ])
  func `points to a device's methods where it has some`(available: String, hint: String) {
    let failure = Failure(
      status: 404,
      body: #"""
        {"type":"urn:selvedge:problem:method-not-found","title":"t","status":404,"detail":"d",
        "available":\#(available)}
        """#)
    #expect(failure.hint == hint)
  }
}
