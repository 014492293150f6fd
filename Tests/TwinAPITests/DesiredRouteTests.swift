// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

@Suite struct DesiredRouteTests {
  static let path = "/v1/devices/default/pump-1"
  static let device = DeviceName.test("default/pump-1")

  @Test func `sets desired values with a merge patch`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask(
        "PATCH", Self.path, #"{"properties":{"setpoint":{"desired":30}}}"#,
        headers: ["Content-Type: application/merge-patch+json"])
      #expect(answer.status == 200)
      #expect(answer.headers["etag"] == "\"4\"")
      let desired = answer.json["properties"]?["setpoint"]?["desired"]
      #expect(desired?["value"] == 30)
      #expect(desired?["state"] == "pending")
      #expect(desired?["origin"] == "api")
    }
  }

  @Test func `takes a value back with null, and its own form with value`() async throws {
    try await TestAPI.running { api in
      let taken = try await api.ask("PATCH", Self.path, #"{"properties":{"setpoint":{"desired":null}}}"#)
      #expect(taken.status == 200)
      #expect(taken.json["properties"]?["setpoint"]?["desired"] == nil)
      let set = try await api.ask(
        "PATCH", Self.path, #"{"properties":{"setpoint":{"desired":{"value":"31"}}}}"#)
      #expect(set.json["properties"]?["setpoint"]?["desired"]?["value"] == 31)
    }
  }

  @Test func `writes nothing for an empty patch`() async throws {
    try await TestAPI.running { api in
      let empty = try await api.ask("PATCH", Self.path, "{}")
      #expect(empty.status == 200)
      let conditional = try await api.ask("PATCH", Self.path, "{}", headers: ["If-Match: \"9\""])
      #expect(conditional.status == 412)
      #expect(api.twins.setCount == 0)
    }
  }

  @Test(arguments: [
    ("[]", "the body"), (#"{"labels":{}}"#, "labels"), (#"{"properties":[]}"#, "properties"),
    (#"{"properties":{"a":1}}"#, "properties.a"),
    (#"{"properties":{"a":{"reported":1}}}"#, "properties.a.reported"),
    (#"{"properties":{"a":{"desired":[1]}}}"#, "properties.a.desired"),
    (#"{"properties":{"a":{"desired":{"value":{}}}}}"#, "properties.a.desired.value"),
    (#"{"properties":{"a":{"desired":{"value":1,"version":2}}}}"#, "properties.a.desired"),
  ])
  func `names the place in a patch that is not right`(body: String, path: String) async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("PATCH", Self.path, body)
      #expect(answer.status == 422)
      #expect(answer.problem == "invalid-patch")
      #expect(answer.json["path"]?.string == path)
      #expect(api.twins.setCount == 0)
    }
  }

  @Test func `says at which byte the body stops being JSON`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("PATCH", Self.path, #"{"properties":}"#)
      #expect(answer.status == 400)
      #expect(answer.problem == "invalid-json")
      #expect(answer.json["offset"] == 14)
    }
  }

  @Test func `refuses a body of another type`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask(
        "PATCH", Self.path, "a=b", headers: ["Content-Type: application/x-www-form-urlencoded"])
      #expect(answer.status == 415)
      #expect(answer.problem == "unsupported-media-type")
      let charset = try await api.ask(
        "PATCH", Self.path, "{}", headers: ["Content-Type: application/json; charset=utf-8"])
      #expect(charset.status == 200)
    }
  }

  @Test(arguments: [
    ("\"3\"", 200), ("*", 200), ("\"2\", \"3\"", 200), ("\"2\"", 412), ("W/\"3\"", 412), ("\"x\"", 412),
    ("3", 400),
    ("", 400),
  ])
  func `compares If-Match with the version`(field: String, status: Int) async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask(
        "PATCH", Self.path, #"{"properties":{"setpoint":{"desired":30}}}"#, headers: ["If-Match: \(field)"])
      #expect(answer.status == status)
      guard status == 412 else { return }
      #expect(answer.problem == "version-conflict")
      #expect(answer.json["desiredVersion"] == 3)
      #expect(answer.headers["etag"] == "\"3\"")
      #expect(api.twins.setCount == 0)
    }
  }

  @Test(arguments: [
    (TwinError.conflict(current: 8), 412, "version-conflict"), (.busy, 503, "busy"),
    (.storage("disk full"), 500, "storage"), (.readOnly(property: "a"), 422, "read-only-property"),
    (.invalid(property: "a", value: "x", expected: "an int"), 422, "invalid-value"),
    (.propertyNotFound(device: device, property: "a"), 404, "property-not-found"),
    (.deviceNotFound(device), 404, "device-not-found"),
  ])
  func `answers what the twins refuse`(error: TwinError, status: Int, problem: String) async throws {
    try await TestAPI.running { api in
      api.twins.refuse(with: error)
      let answer = try await api.ask("PUT", Self.path + "/properties/setpoint/desired", "1")
      #expect(answer.status == status)
      #expect(answer.problem == problem)
      #expect(answer.json["status"]?.int == Int64(status))
      #expect(problem != "busy" || answer.headers["retry-after"] == "1")
    }
  }

  @Test func `sets and takes back one property by its own path`() async throws {
    try await TestAPI.running { api in
      let desired = Self.path + "/properties/setpoint/desired"
      let set = try await api.ask("PUT", desired, "40", headers: ["Content-Type: application/json"])
      #expect(set.status == 200)
      #expect(set.json["name"] == "setpoint")
      #expect(set.json["desired"]?["value"] == 40)
      let taken = try await api.ask("DELETE", desired, headers: ["If-Match: \"4\""])
      #expect(taken.status == 200)
      #expect(taken.json["desired"] == nil)
      #expect(try await api.ask("PUT", desired, "null").status == 422)
      #expect(try await api.ask("PUT", desired, "").problem == "invalid-json")
    }
  }

  @Test func `waits until the value is applied`() async throws {
    try await TestAPI.running { api in
      async let answer = api.ask(
        "PATCH", Self.path + "?wait=applied", #"{"properties":{"setpoint":{"desired":30}}}"#)
      try await eventually { api.twins.watchCount == 1 }
      api.twins.finish("setpoint", of: Self.device, as: .applied)
      #expect(try await answer.status == 200)
      #expect(try await answer.json["properties"]?["setpoint"]?["desired"]?["state"] == "applied")
      try await eventually { api.twins.watchCount == 0 }
    }
  }

  @Test func `tells why a value failed`() async throws {
    try await TestAPI.running { api in
      async let answer = api.ask("PUT", Self.path + "/properties/setpoint/desired?wait=applied", "30")
      try await eventually { api.twins.watchCount == 1 }
      api.twins.finish("setpoint", of: Self.device, as: .failed, error: "denied: the pump is locked")
      #expect(try await answer.status == 422)
      #expect(try await answer.problem == "desired-failed")
      let failures = try await answer.json["failures"]
      #expect(failures == [["property": "setpoint", "error": "denied: the pump is locked"]])
    }
  }

  @Test func `accepts what is still pending when the time is over`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask(
        "PUT", Self.path + "/properties/setpoint/desired?wait=applied&timeout=20ms", "30")
      #expect(answer.status == 202)
      #expect(answer.json["desired"]?["state"] == "pending")
    }
  }

  @Test func `accepts a value that was stored, though nobody can wait for it`() async throws {
    try await TestAPI.running(TestAPI(watchLimit: 0)) { api in
      let answer = try await api.ask(
        "PUT", Self.path + "/properties/setpoint/desired?wait=applied", "30")
      #expect(answer.status == 202)
      #expect(answer.json["desired"]?["value"] == 30)
      #expect(api.twins.setCount == 1)
    }
  }

  @Test func `tells when another value came before this one was applied`() async throws {
    try await TestAPI.running { api in
      async let answer = api.ask("PUT", Self.path + "/properties/setpoint/desired?wait=applied", "30")
      try await eventually { api.twins.watchCount == 1 }
      #expect(try await api.ask("PUT", Self.path + "/properties/setpoint/desired", "31").status == 200)
      #expect(try await answer.status == 409)
      #expect(try await answer.problem == "desired-replaced")
    }
  }

  @Test(arguments: ["wait=done", "timeout=5s", "wait=applied&timeout=5", "wait=applied&timeout=2h"])
  func `refuses a wait that it does not understand`(query: String) async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("PUT", Self.path + "/properties/setpoint/desired?" + query, "30")
      #expect(answer.status == 400)
      #expect(api.twins.setCount == 0)
    }
  }

  @Test func `refuses a body over the limit before and while it comes`() async throws {
    try await TestAPI.running { api in
      let declared = try await api.connect().withConnection { connection in
        try await connection.send("PATCH \(Self.path) HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n")
        return try await connection.answer()
      }
      #expect(declared.status == 413)
      #expect(declared.headers["connection"] == "close")
      let text = String(repeating: "x", count: 1 << 16)
      let chunked = try await api.connect().withConnection { connection in
        try await connection.send(
          "PATCH \(Self.path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<20 { try await connection.send("10000\r\n\(text)\r\n") }
        try await connection.send("0\r\n\r\n")
        return try await connection.answer()
      }
      #expect(chunked.status == 413)
      #expect(chunked.problem == "body-too-large")
    }
  }

  @Test func `invites a body that waits for 100 Continue`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.connect().withConnection { connection in
        try await connection.send(
          "PUT \(Self.path)/properties/setpoint/desired HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        let invitation = try await connection.head()
        #expect(invitation.status == 100)
        try await connection.send("35")
        return try await connection.answer()
      }
      #expect(answer.status == 200)
    }
  }
}

/// Waits for a condition, ten seconds at most.
func eventually(_ condition: () async throws -> Bool) async throws {
  let limit = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    guard ContinuousClock.now < limit else { throw RawClient.TimedOut() }
    try await Task.sleep(for: .milliseconds(1))
  }
}
