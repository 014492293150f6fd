// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Testing

@testable import TwinAPI

@Suite struct MetricsTests {
  @Test func `each family has its help and type once, before its samples, which lie together`() async throws {
    try await GuardedAPI.running { api in
      _ = try await api.ask("GET", "/v1/devices")
      let answer = try await api.ask("GET", "/metrics?devices=true")
      #expect(answer.status == 200)
      #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      let families = try Self.families(answer.body)
      #expect(families.count > 30)
      for name in [
        "selvedge_info", "selvedge_devices", "selvedge_device_link", "selvedge_mapper_state",
        "selvedge_store_commits_total", "selvedge_mqtt_dropped_total", "selvedge_http_requests_total",
        "selvedge_http_request_seconds", "process_open_fds",
      ] { #expect(families[name] != nil, "\(name)") }
    }
  }

  @Test func `the figures are those of the sources`() async throws {
    try await GuardedAPI.running { api in
      _ = try await api.ask("GET", "/v1/devices")
      let body = try await api.ask("GET", "/metrics").body
      for line in [
        "selvedge_devices{state=\"online\"} 1", "selvedge_devices{state=\"offline\"} 0",
        "selvedge_twin_requests_total{result=\"answered\"} 7",
        "selvedge_store_commits_total{store=\"twin\"} 4",
        "selvedge_mqtt_connected{broker=\"127.0.0.1:1884\"} 1",
        "selvedge_mqtt_dropped_total{broker=\"127.0.0.1:1884\",kind=\"telemetry\"} 5",
        "selvedge_mapper_restarts_total{mapper=\"mod\\\"bus\"} 3",
        "selvedge_mapper_calls_total{mapper=\"mod\\\"bus\",call=\"read\",result=\"failed\"} 2",
        "selvedge_push_sent_total{sink=\"http\"} 9",
        "selvedge_counter{module=\"push\",name=\"novel\",sink=\"http\"} 3",
        "selvedge_http_requests_total{method=\"GET\",route=\"/v1/devices\",status=\"200\"} 1",
        "selvedge_http_request_seconds_count{method=\"GET\",route=\"/v1/devices\"} 1",
        "selvedge_http_request_seconds_bucket{method=\"GET\",route=\"/v1/devices\",le=\"+Inf\"} 1",
        "selvedge_ready 1",
      ] { #expect(body.split(separator: "\n").contains(line[...]), "\(line)") }
      #expect(!body.contains("selvedge_device_link"))
    }
  }

  @Test func `refusals are counted, and unknown paths are one route`() async throws {
    try await GuardedAPI.running { api in
      for number in 0..<5 { _ = try await api.ask("GET", "/nowhere/\(number)") }
      _ = try await api.ask("GET", "/healthz", headers: ["Host: evil.example"])
      let body = try await api.ask("GET", "/metrics").body
      #expect(body.contains("selvedge_http_requests_total{method=\"\",route=\"other\",status=\"404\"} 5\n"))
      #expect(body.contains("selvedge_http_refused_total{problem=\"host-not-allowed\"} 1\n"))
      #expect(!body.contains("/nowhere"))
    }
  }

  @Test func `texts are escaped`() {
    var text = MetricText()
    text.begin("a", .gauge, "back\\slash\nline")
    text.sample(1.5, [("b", "c\"d\\e\nf")])
    text.sample(.infinity)
    #expect(
      String(decoding: text.bytes, as: UTF8.self)
        == "# HELP a back\\\\slash\\nline\n# TYPE a gauge\na{b=\"c\\\"d\\\\e\\nf\"} 1.5\na +Inf\n")
  }

  /// Every query of the board asks for families that there are.
  @Test func `the board asks for what there is`() async throws {
    let path = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
      separator: "/")
    let board = try #require(Self.file(path + "/deploy/grafana/selvedge.json"))
    var known = Set(MetricFamily.all.map(\.name))
    try await GuardedAPI.running { api in
      // The first request has been counted when the second one asks.
      _ = try await api.ask("GET", "/healthz")
      let body = try await api.ask("GET", "/metrics?devices=true").body
      known.formUnion(try Self.families(body).keys)
    }
    // Appears with the first refusal.
    known.insert("selvedge_http_refused_total")
    known.insert("selvedge_mapper_last_fault_time_seconds")
    known.insert("selvedge_mapper_resident_bytes")
    let names = Self.names(in: board)
    #expect(names.count > 20)
    for name in names {
      let family = ["_bucket", "_sum", "_count"].reduce(name) { name, suffix in
        name.hasSuffix(suffix) && known.contains(String(name.dropLast(suffix.count)))
          ? String(name.dropLast(suffix.count)) : name
      }
      #expect(known.contains(family), "\(name)")
    }
  }

  // MARK: - Reading

  private struct Broken: Error { let line: String }

  /// Samples by family, read strictly.
  private static func families(_ text: String) throws -> [String: Int] {
    var families: [String: Int] = [:]
    var current = ""
    var isTyped = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# HELP ") {
        current = String(line.split(separator: " ")[2])
        guard families[current] == nil else { throw Broken(line: String(line)) }
        families[current] = 0
        isTyped = false
      } else if line.hasPrefix("# TYPE ") {
        guard line.split(separator: " ")[2] == current, !isTyped else { throw Broken(line: String(line)) }
        isTyped = true
      } else {
        let name = line.prefix { $0 != "{" && $0 != " " }
        guard isTyped, ["", "_bucket", "_sum", "_count"].contains(where: { name == current + $0 }),
          let value = line.split(separator: " ").last, value == "+Inf" || Double(value) != nil
        else { throw Broken(line: String(line)) }
        families[current, default: 0] += 1
      }
    }
    for (name, count) in families where count == 0 { throw Broken(line: name) }
    return families
  }

  private static func names(in text: String) -> Set<String> {
    var names: Set<String> = []
    var word = ""
    for character in text + " " {
      if character.isLetter || character.isNumber || character == "_" {
        word.append(character)
      } else {
        if word.hasPrefix("selvedge_") || word.hasPrefix("process_") { names.insert(word) }
        word = ""
      }
    }
    return names
  }

  private static func file(_ path: String) -> String? { TokenRouteTests.read(path) }
}
