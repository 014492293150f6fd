// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// What a node shows of itself: its log, its events and its figures.
@Suite(.runsNodes) struct ObservationTests {
  @Test func `the log is JSON lines where that is asked for`() async throws {
    let node = try Node(arguments: ["--log-format", "json", "--log-level", "info"])
    try await node.start()
    #expect(await node.stop() == .exited(0))
    let lines = node.log.split(separator: "\n").map { try? JSON.parse(String($0)) }
    #expect(lines.count > 3)
    for line in lines {
      let line = try #require(line)
      #expect(line["time"]?.string != nil && line["level"]?.string != nil && line["message"]?.string != nil)
    }
    #expect(lines.contains { $0?["message"] == "stopped" && $0?["level"] == "notice" })
    #expect(lines.contains { $0?["socket"]?.string == node.socketPath })
  }

  @Test func `who changed what is known after a power cut, and so is a token`() async throws {
    let node = try await Node.started()
    let made = try await node.http.send("POST", "/v1/tokens", body: #"{"name":"line-3","scope":"read"}"#)
    #expect(made.status == 201)
    let refused = try await node.http.send("DELETE", "/v1/tokens/none")
    #expect(refused.status == 404)
    // On disk within a second; the file is looked at, not the clock.
    #expect(
      await eventually {
        Files.list(node.state + "/events").contains {
          Files.text(node.state + "/events/" + $0).contains("deleteToken")
        }
      })
    node.kill()
    _ = await node.process?.wait()
    try await node.start()
    let changes = await node.get("/v1/events?kind=change")["items"]?.array ?? []
    #expect(changes.map { $0["action"]?.string } == ["deleteToken", "createToken"])
    #expect(changes.first?["problem"]?.string?.hasPrefix("token-not-found") == true)
    #expect(changes.last?["caller"]?["source"]?.string?.hasPrefix("unix socket, pid ") == true)
    #expect(await node.get("/v1/tokens")["items"]?.array?.count == 1)
    #expect(await node.stop() == .exited(0))
  }

  @Test func `Prometheus' own reader takes the figures`() async throws {
    let python = try await Python.with(["prometheus-client==0.26.0"], as: "prometheus-0.26.0")
    let node = try await Node.started(mappers: ["virtual"])
    #expect(await eventually { await node.mapper("virtual")["state"] == "running" })
    let figures = try await node.http.send("GET", "/metrics?devices=true")
    let file = node.root + "/metrics"
    try Files.write(figures.text, to: file)
    let families = try await Command.check(
      python,
      [
        "-c",
        """
        import sys
        from prometheus_client.parser import text_string_to_metric_families as parse
        for family in parse(open(sys.argv[1]).read()):
            assert family.documentation and family.type != "unknown", family
            assert family.samples, family
            print(family.name)
        """, file,
      ])
    for name in [
      "selvedge_ready", "selvedge_mapper_restarts", "selvedge_http_requests", "selvedge_events_kept",
    ] {
      #expect(families.split(separator: "\n").contains(name[...]), "\(name)")
    }
    let kinds = await node.get("/v1/events?kind=mapper")["items"]?.array?.map { $0["action"]?.string }
    #expect(kinds == ["loaded"])
    #expect(await node.stop() == .exited(0))
  }
}
