// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

@Suite struct QueryRouteTests {
  private static func names(_ answer: Answer) -> [String] {
    answer.json["items"]?.array?.compactMap { $0["name"]?.string } ?? []
  }

  @Test func `lists the devices for which a condition holds`() async throws {
    try await TestAPI.running { api in
      api.twins.add(.test("default/pump-2", state: .offline))
      api.twins.report(.int(90), "setpoint", of: .test("default/pump-2"))
      let hot = try await api.ask("GET", "/v1/devices?where=setpoint.reported+%3E+80")
      #expect(Self.names(hot) == ["pump-2"])
      let online = try await api.ask("GET", "/v1/devices?where=link.state%20%3D%20online")
      #expect(Self.names(online) == ["pump-1"])
    }
  }

  @Test func `an error names the column`() async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("GET", "/v1/devices?where=setpoint.reported+%3E")
      #expect(answer.status == 400)
      #expect(answer.problem == "invalid-query")
      #expect(answer.json["parameter"] == "where")
      #expect(answer.json["column"] == 20)
      let sort = try await api.ask("GET", "/v1/devices?sort=name,x")
      #expect(sort.json["parameter"] == "sort")
      #expect(sort.json["column"] == 6)
    }
  }

  @Test func `sorts and pages, each device once`() async throws {
    try await TestAPI.running { api in
      for number in 0..<25 {
        let name = "default/d-\(number)"
        api.twins.add(.test(name))
        api.twins.report(.int(Int64(number % 5)), "setpoint", of: .test(name))
      }
      var seen: [String] = []
      var values: [Int64] = []
      var path = "/v1/devices?sort=-setpoint.reported&limit=4&fields=full&where=name+like+'d-*'"
      while true {
        let answer = try await api.ask("GET", path)
        #expect(answer.status == 200)
        seen += Self.names(answer)
        values +=
          answer.json["items"]?.array?.compactMap {
            $0["properties"]?["setpoint"]?["reported"]?["value"]?.int
          } ?? []
        guard let token = answer.json["continue"]?.string else { break }
        path =
          "/v1/devices?sort=-setpoint.reported&limit=4&fields=full&where=name+like+'d-*'&continue=\(token)"
      }
      #expect(Set(seen).count == 25)
      #expect(seen.count == 25)
      #expect(values == values.sorted(by: >))
    }
  }

  @Test func `a page's text belongs to its sort`() async throws {
    try await TestAPI.running { api in
      api.twins.add(.test("default/pump-2"))
      let page = try await api.ask("GET", "/v1/devices?limit=1")
      let token = try #require(page.json["continue"]?.string)
      #expect(Self.names(try await api.ask("GET", "/v1/devices?limit=1&continue=\(token)")) == ["pump-2"])
      #expect(try await api.ask("GET", "/v1/devices?sort=name&continue=\(token)").problem == "invalid-query")
      #expect(try await api.ask("GET", "/v1/devices?continue=xyz").problem == "invalid-query")
    }
  }

  @Test func `sets a value only if another is reported`() async throws {
    try await TestAPI.running { api in
      let path = "/v1/devices/default/pump-1"
      func body(_ reported: Int) -> String {
        #"{"properties":{"setpoint":{"desired":{"value":30,"ifReported":\#(reported)}}}}"#
      }
      let refused = try await api.ask("PATCH", path, body(20))
      #expect(refused.status == 412)
      #expect(refused.problem == "reported-differs")
      #expect(refused.json["reported"] == 21)
      #expect(try await api.ask("PATCH", path, body(21)).status == 200)
    }
  }

  @Test func `a batch goes to the twins as it was asked`() async throws {
    try await TestAPI.running { api in
      let body =
        #"{"desired":[{"device":"default/pump-1","ifVersion":3,"properties":{"setpoint":30,"mode":null,"#
        + #""x":{"value":1,"ifReported":null}}}],"reported":[{"device":"default/pump-1","properties":{"level":7}}]}"#
      let answer = try await api.ask("POST", "/v1/batch", body)
      #expect(answer.status == 200)
      #expect(answer.json["results"]?.array?.count == 2)
      #expect(answer.json["results"]?.array?.first?["desiredVersion"] == 4)
      let batch = try #require(api.twins.batches.first)
      #expect(batch.desired.first?.ifVersion == 3)
      #expect(
        batch.desired.first?.changes == [
          DesiredChange("setpoint", 30), DesiredChange("mode", nil),
          DesiredChange("x", 1, ifReported: .some(.null)),
        ])
      #expect(batch.reported.first?.values.first?.property == "level")
    }
  }

  @Test func `a refused batch names the entry, and one by one each has its result`() async throws {
    try await TestAPI.running { api in
      func body(_ mode: String) -> String {
        #"{"mode":"\#(mode)","desired":[{"device":"default/pump-1","properties":{"setpoint":1}},"#
          + #"{"device":"default/none","properties":{"a":1}}]}"#
      }
      let all = try await api.ask("POST", "/v1/batch", body("all"))
      #expect(all.status == 404)
      #expect(all.problem == "device-not-found")
      #expect(all.json["index"] == 1)
      #expect(all.json["entry"] == "desired[1]")
      let each = try await api.ask("POST", "/v1/batch", body("each"))
      #expect(each.status == 200)
      #expect(each.json["results"]?.array?[1]["problem"]?["status"] == 404)
    }
  }

  @Test(arguments: [
    ("[]", "the body"), (#"{"mode":"some"}"#, "mode"), (#"{"desired":{}}"#, "desired"), (#"{"x":1}"#, "x"),
    (#"{"desired":[1]}"#, "desired[0]"), (#"{"desired":[{"device":"x"}]}"#, "desired[0].device"),
    (#"{"desired":[{"device":"a/b","properties":[]}]}"#, "desired[0].properties"),
    (#"{"desired":[{"device":"a/b","ifVersion":"x"}]}"#, "desired[0].ifVersion"),
    (#"{"reported":[{"device":"a/b","properties":{"p":null}}]}"#, "reported[0].properties.p"),
    (#"{"desired":[{"device":"a/b"},{"device":"a/b"}]}"#, "desired[1].device"),
  ])
  func `names the place in a batch that is not right`(body: String, path: String) async throws {
    try await TestAPI.running { api in
      let answer = try await api.ask("POST", "/v1/batch", body)
      #expect(answer.status == 422)
      #expect(answer.problem == "invalid-patch")
      #expect(answer.json["path"]?.string == path)
    }
  }
}
