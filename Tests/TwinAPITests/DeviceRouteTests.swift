// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

@Suite struct DeviceRouteTests {
  @Test func `shows a twin in its documented form`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("GET", "/v1/devices/default/pump-1")
      #expect(answer.status == 200)
      #expect(answer.headers["content-type"] == "application/json")
      #expect(answer.headers["etag"] == "\"3\"")
      #expect(answer.headers["cache-control"] == "no-store")
      let expected = """
        {"namespace":"default","name":"pump-1","model":"pump","protocol":"modbus","labels":{},\
        "link":{"state":"online","since":"1970-01-01T00:00:01.000Z","lastOnline":"1970-01-01T00:00:02.000Z"},\
        "desiredVersion":3,"reportedVersion":41,"inSync":false,\
        "counts":{"properties":2,"bad":0,"pending":0,"failed":0},"properties":{\
        "setpoint":{"type":"int","unit":"°C","access":"readWrite","min":0,"max":100,"mapped":true,\
        "reported":{"value":21,"quality":"good","time":"1970-01-01T00:00:01.500Z"},\
        "desired":{"value":22,"version":3,"time":"1970-01-01T00:00:01.000Z","origin":"api","state":"applied",\
        "attempts":1,"stateTime":"1970-01-01T00:00:01.200Z"},"inSync":false},\
        "temperature":{"type":"float","access":"readOnly","mapped":true,\
        "reported":{"value":21.1,"quality":"uncertain","reason":"stale","error":"timeout: unit 3 did not answer",\
        "sourceTime":"1970-01-01T00:00:01.400Z","time":"1970-01-01T00:00:01.500Z"},"inSync":true}}}

        """
      #expect(answer.body == expected)
    }
  }

  @Test func `ignores If-None-Match, since reported values change without the ETag`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("GET", "/v1/devices/default/pump-1", headers: ["If-None-Match: \"3\""])
      #expect(answer.status == 200)
    }
  }

  @Test func `shows one property`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("GET", "/v1/devices/default/pump-1/properties/setpoint")
      #expect(answer.status == 200)
      #expect(answer.json["name"] == "setpoint")
      #expect(answer.json["desired"]?["value"] == 22)
      #expect(answer.headers["etag"] == "\"3\"")
      let missing = try await api.ask("GET", "/v1/devices/default/pump-1/properties/nope")
      #expect(missing.status == 404)
      #expect(missing.problem == "property-not-found")
    }
  }

  @Test func `names the device that is not there, and the name that is none`() async throws {
    try await TestAPI.running { api in
      let missing = try await api.ask("GET", "/v1/devices/default/pump-9")
      #expect(missing.status == 404)
      #expect(missing.problem == "device-not-found")
      #expect(missing.json["device"] == "default/pump-9")
      #expect(try await api.ask("GET", "/v1/devices/default/Pump").status == 400)
      #expect(try await api.ask("GET", "/v1/devices/default/%FF").status == 400)
    }
  }

  @Test func `answers HEAD as GET without the body`() async throws {
    try await TestAPI.running { api in
      let get = try await api.ask("GET", "/v1/devices/default/pump-1")
      let head = try await api.ask("HEAD", "/v1/devices/default/pump-1")
      #expect(head.status == 200)
      #expect(head.headers["content-length"] == get.headers["content-length"])
      #expect(head.headers["etag"] == get.headers["etag"])
    }
  }

  @Test(arguments: [
    ("namespace=plant", ["plant/a", "plant/b"]),
    ("namespace=plant,other", ["other/a", "plant/a", "plant/b"]),
    ("labelSelector=line%3D1", ["plant/a"]),
    ("labelSelector=line", ["other/a", "plant/a"]),
    ("labelSelector=line!%3D1,!spare", ["default/pump-1", "plant/b"]),
    ("state=offline&state=degraded", ["other/a", "plant/b"]),
    ("protocol=mqtt", ["plant/b"]),
    ("namespace=plant&state=online", ["plant/a"]),
    ("namespace=nowhere", []),
  ])
  func `filters the list`(query: String, expected: [String]) async throws {
    try await TestAPI.running { api in
      api.twins.add(.test("plant/a", labels: ["line": "1"]))
      api.twins.add(.test("plant/b", state: .offline, protocolName: "mqtt"))
      api.twins.add(.test("other/a", state: .degraded, labels: ["line": "2", "spare": ""]))
      let answer = try await api.ask("GET", "/v1/devices?" + query)
      #expect(answer.status == 200)
      #expect(Self.names(answer) == expected)
    }
  }

  @Test(arguments: [
    "state=asleep", "limit=0", "limit=x", "continue=!!", "labelSelector=a%20b", "lableSelector=a",
    "fields=all",
    "limit=1&limit=2", "namespace=%zz",
  ])
  func `refuses a query that it does not understand`(query: String) async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("GET", "/v1/devices?" + query)
      #expect(answer.status == 400)
      #expect(answer.problem == "invalid-query")
      #expect(answer.json["expected"] != nil)
    }
  }

  @Test func `pages through the list while devices come and go`() async throws {
    try await TestAPI.running { api in
      for letter in ["a", "b", "c", "d"] { api.twins.add(.test("plant/\(letter)")) }
      let first = try await api.ask("GET", "/v1/devices?limit=2")
      #expect(Self.names(first) == ["default/pump-1", "plant/a"])
      let token = try #require(first.json["continue"]?.string)
      api.twins.remove(.test("plant/a"))
      api.twins.add(.test("aaa/new"))
      let second = try await api.ask("GET", "/v1/devices?limit=2&continue=\(token)")
      #expect(Self.names(second) == ["plant/b", "plant/c"])
      let rest = try #require(second.json["continue"]?.string)
      let third = try await api.ask("GET", "/v1/devices?limit=2&continue=\(rest)")
      #expect(Self.names(third) == ["plant/d"])
      #expect(third.json["continue"] == nil)
    }
  }

  @Test func `leaves the properties out of the list unless they are asked for`() async throws {
    try await TestAPI.running { api in
      let summary = try await api.ask("GET", "/v1/devices")
      #expect(summary.json["items"]?.array?.first?["properties"] == nil)
      #expect(summary.json["items"]?.array?.first?["counts"]?["properties"] == 2)
      let full = try await api.ask("GET", "/v1/devices?fields=full")
      #expect(full.json["items"]?.array?.first?["properties"]?["setpoint"] != nil)
    }
  }

  private static func names(_ answer: Answer) -> [String] {
    (answer.json["items"]?.array ?? []).map { "\($0["namespace"]?.string ?? "")/\($0["name"]?.string ?? "")" }
  }
}
