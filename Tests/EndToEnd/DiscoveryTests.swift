// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// From a scan to a device that reports.
@Suite(.runsNodes) struct DiscoveryTests {
  private static func edgectl(_ node: Node, _ arguments: String...) async throws -> Command.Result {
    try await Command.run(
      Programs.path("edgectl"), arguments, environment: ["SELVEDGE_SOCKET=" + node.socketPath],
      within: .seconds(90))
  }

  private static func node() async throws -> Node {
    let node = try await Node.started(mappers: ["virtual"])
    #expect(await node.mapper("virtual", becomes: "running"))
    return node
  }

  @Test func `one command turns a find into a device that reports`() async throws {
    let node = try await Self.node()
    let drivers = try await Self.edgectl(node, "discover")
    #expect(drivers.status == 0, "\(drivers.all)")
    #expect(drivers.output.contains("virtual") && drivers.output.contains("delayMs"), "\(drivers.output)")

    let table = try await Self.edgectl(node, "discover", "virtual", "count=2", "delayMs=0")
    #expect(table.status == 0, "\(table.all)")
    let rows = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.first?.first == "#")
    #expect(
      rows.dropFirst().map { Array($0.prefix(3)) } == [
        ["1", "100%", "default/virtual-1"], ["2", "95%", "default/virtual-2"],
      ])

    let unclear = try await Self.edgectl(node, "discover", "virtual", "count=2", "delayMs=0", "--apply")
    #expect(unclear.status == 2)
    let applied = try await Self.edgectl(
      node, "discover", "virtual", "count=2", "delayMs=0", "--pick", "2", "--name", "boiler", "--apply")
    #expect(applied.status == 0, "\(applied.all)")
    #expect(applied.output.hasSuffix("DeviceModel default/boiler created\nDevice default/boiler created\n"))
    #expect(await node.becomes("online", "default/boiler"))
    #expect(await node.reports(5, as: "target", of: "default/boiler"))
    #expect(await node.get("/v1/devices/default/virtual-2")["status"] == 404)

    let again = try await Self.edgectl(
      node, "discover", "virtual", "count=1", "delayMs=0", "--name", "boiler", "--apply")
    #expect(again.status == 5, "\(again.all)")

    let described = try await Self.edgectl(node, "discover", "--device", "boiler", "-o", "json")
    let find = try JSON.parse(described.output)["items"]?.array?.first
    #expect(
      Set(find?["properties"]?.array?.compactMap { $0["name"]?.string } ?? []) == [
        "level", "fillings", "target",
      ], "\(described.all)")
  }

  @Test func `manifests that a scan writes are taken as they are`() async throws {
    let node = try await Self.node()
    let folder = try TemporaryFolder()
    let saved = try await Self.edgectl(
      node, "discover", "virtual", "count=3", "delayMs=0", "-n", "plant", "--save", folder.file("found.yaml"))
    #expect(saved.status == 0, "\(saved.all)")
    let applied = try await Self.edgectl(node, "apply", "-f", folder.file("found.yaml"))
    #expect(applied.status == 0, "\(applied.all)")
    for number in 1...3 {
      #expect(await node.becomes("online", "plant/virtual-\(number)"))
    }
    let yaml = try await Self.edgectl(
      node, "discover", "virtual", "count=3", "delayMs=0", "-n", "plant", "--pick", "2", "-o", "yaml")
    let document = try folder.write(yaml.output, to: "again.yaml")
    let unchanged = try await Self.edgectl(node, "apply", "-f", document)
    #expect(
      unchanged.output == "DeviceModel plant/virtual-2 unchanged\nDevice plant/virtual-2 unchanged\n",
      "\(unchanged.all)")
  }

  @Test func `a scan that cannot be, or is not over in time, says so`() async throws {
    let node = try await Self.node()
    #expect(try await Self.edgectl(node, "discover", "opcua").status == 3)
    let wrong = try await Self.edgectl(node, "discover", "virtual", "count=many", "speed=1")
    #expect(wrong.status == 2, "\(wrong.all)")
    #expect(wrong.errors.contains("count") && wrong.errors.contains("speed"), "\(wrong.errors)")
    let late = try await Self.edgectl(
      node, "discover", "virtual", "count=1000", "delayMs=60000", "--timeout", "500ms")
    #expect(late.status == 6, "\(late.all)")
    #expect(late.errors.contains("timeout"), "\(late.errors)")
    // What goes on for hours ends with the reader.
    let path = node.socketPath
    for _ in 0..<6 {
      try await offload {
        let connection = try Socket(path: path, limit: 30)
        let body = #"{"count":10000,"delayMs":60000}"#
        try connection.send(
          Array(
            ("POST /v1/drivers/virtual/scan?timeout=1h HTTP/1.1\r\nHost: edge\r\n"
              + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body).utf8))
        _ = try connection.receive()
      }
    }
    // A mapper runs four scans at once: these six would leave none.
    #expect(
      await eventually {
        (try? await Self.edgectl(node, "discover", "virtual", "count=1", "delayMs=0"))?.status == 0
      })
  }
}
