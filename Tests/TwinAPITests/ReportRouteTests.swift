// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

@Suite struct ReportRouteTests {
  @Test func `lists mappers without and shows one with its schemas`() async throws {
    try await TestAPI.running { api in
      let list = try await api.ask("GET", "/v1/mappers")
      let mapper = list.json["items"]?.array?.first
      #expect(mapper?["file"] == "modbus.so")
      #expect(mapper?["state"] == "running")
      #expect(mapper?["processID"] == 4711)
      #expect(mapper?["counters"]?["reads"] == 12)
      #expect(mapper?["drivers"]?.array?.first?["deviceSchema"] == nil)
      #expect(mapper?["drivers"]?.array?.first?["scanSchema"] == nil)
      #expect(mapper?["drivers"]?.array?.first?["methods"]?.array?.map { $0["name"] } == ["add"])
      #expect(mapper?["drivers"]?.array?.first?["canScan"] == true)
      #expect(mapper?["drivers"]?.array?.first?["canDescribe"] == false)
      let one = try await api.ask("GET", "/v1/mappers/modbus.so")
      let driver = one.json["drivers"]?.array?.first
      #expect(driver?["deviceSchema"] == ["type": "object"])
      // A driver's text that is no JSON must not make ours invalid.
      #expect(driver?["pointSchema"] == "not JSON")
      #expect(driver?["scanSchema"] == ["type": "object", "properties": [:]])
      #expect(try await api.ask("GET", "/v1/mappers/none.so").problem == "mapper-not-found")
    }
  }

  @Test func `shows the node`() async throws {
    try await TestAPI.running { api in
      let node = try await api.ask("GET", "/v1/node").json
      #expect(node["name"] == "edge-1")
      #expect(node["version"] == "1.2.3")
      #expect(node["startTime"] == "1970-01-01T00:00:01.000Z")
      #expect(node["devices"] == 1)
      #expect(node["modules"] == ["deviceTwin", "twinAPI"])
      #expect(node["counters"]?["deviceTwin"]?["updates"] == 7)
    }
  }

  @Test func `is ready only when nothing is in the way`() async throws {
    try await TestAPI.running { api in
      #expect(try await api.ask("GET", "/readyz").status == 200)
      api.node.setNotReady(["the database is read-only"])
      let answer = try await api.ask("GET", "/readyz")
      #expect(answer.status == 503)
      #expect(answer.json["reasons"] == ["the database is read-only"])
      #expect(try await api.ask("GET", "/healthz").status == 200)
    }
  }

  @Test func `applies manifests and tells all that is wrong with them`() async throws {
    try await TestAPI.running { api in
      let applied = try await api.ask(
        "PUT", "/v1/manifests", "kind: Device\n", headers: ["Content-Type: application/yaml"])
      #expect(applied.status == 200)
      #expect(
        applied.body
          == #"{"changes":[{"kind":"Device","namespace":"default","name":"pump-1","outcome":"created"}]}"#
          + "\n")
      let refused = try await api.ask("PUT", "/v1/manifests?source=pump.yaml", "what")
      #expect(refused.status == 422)
      #expect(refused.problem == "invalid-manifest")
      #expect(
        refused.json["problems"] == [
          ["file": "pump.yaml", "line": 1, "path": "kind", "expected": "Device or DeviceModel"],
          ["file": "pump.yaml", "expected": "at least one object"],
        ])
      #expect(
        try await api.ask("PUT", "/v1/manifests", "x", headers: ["Content-Type: image/png"]).status == 415)
    }
  }

  @Test func `deletes manifests, and lists what is wrong in the folder`() async throws {
    try await TestAPI.running { api in
      let deleted = try await api.ask("DELETE", "/v1/manifests/Device/default/pump-1")
      #expect(deleted.json["changes"]?.array?.first?["outcome"] == "deleted")
      #expect(try await api.ask("DELETE", "/v1/manifests/Device/default/none").status == 404)
      let shared = try await api.ask("DELETE", "/v1/manifests/Device/default/shared")
      #expect(shared.status == 409)
      #expect(shared.json["file"] == "all.yaml")
      let problems = try await api.ask("GET", "/v1/manifests")
      #expect(problems.json["problems"]?.array?.first?["path"] == "spec.x")
    }
  }

  @Test func `says so where there are no manifests`() async throws {
    try await TestAPI.running(TestAPI(withManifests: false)) { api in
      for method in ["GET", "PUT"] {
        let answer = try await api.ask(method, "/v1/manifests")
        #expect(answer.status == 404)
        #expect(answer.problem == "no-manifests")
      }
    }
  }

  @Test func `answers 404 and 405 with problems`() async throws {
    try await TestAPI.running { api in
      let missing = try await api.ask("GET", "/v2/devices")
      #expect(missing.status == 404)
      #expect(missing.problem == "not-found")
      let wrong = try await api.ask("POST", "/v1/devices/default/pump-1")
      #expect(wrong.status == 405)
      #expect(wrong.problem == "method-not-allowed")
      #expect(wrong.headers["allow"] == "GET, HEAD, PATCH")
      #expect(
        try await api.ask("GET", "/v1/devices/default/pump-1/properties/a/desired").headers["allow"]
          == "DELETE, PUT")
    }
  }
}
