// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// The command line against a real node.
@Suite(.runsNodes) struct EdgectlTests {
  private struct Bench {
    let simulator: Simulator
    let node: Node

    init() async throws {
      simulator = try await Simulator(["--holding", "constant:7", "--input", "address"])
      node = try await Node.started(
        mappers: ["modbus"],
        manifests: ["model": Manifests.tankModel, "device": Manifests.tank("tank-1", port: simulator.port)])
      #expect(await node.reports(.int(7), as: "level", of: "default/tank-1"))
    }

    func edgectl(_ arguments: String..., input: String? = nil) async throws -> Command.Result {
      try await Command.run(
        Programs.path("edgectl"), arguments, environment: ["SELVEDGE_SOCKET=" + node.socketPath], input: input
      )
    }
  }

  /// The words of a table, a list a line.
  private func cells(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  @Test func `it shows devices, twins, mappers and the node`() async throws {
    let bench = try await Bench()
    let table = try await bench.edgectl("get", "devices")
    #expect(table.status == 0, "\(table.all)")
    #expect(
      cells(table.output).map { Array($0.prefix(5)) } == [
        ["NAME", "MODEL", "PROTOCOL", "STATE", "SYNC"], ["tank-1", "tank", "modbus", "online", "yes"],
      ])

    let list = try await bench.edgectl("get", "devices", "-o", "json")
    let device = try JSON.parse(list.output)["items"]?.array?.first
    #expect(device?["name"] == "tank-1")
    #expect(device?["properties"]?["level"]?["reported"]?["value"] == 7)

    let yaml = try await bench.edgectl("get", "devices", "-A", "-o", "yaml")
    #expect(yaml.status == 0)
    #expect(yaml.output.hasPrefix("items:\n- namespace: default\n  name: tank-1\n"), "\(yaml.output)")
    #expect(try await bench.edgectl("get", "devices", "-o", "name").output == "default/tank-1\n")

    #expect(try await bench.edgectl("twin", "get", "tank-1", "level", "-o", "value").output == "7\n")
    let twin = try await bench.edgectl("twin", "get", "tank-1")
    #expect(cells(twin.output).contains { Array($0.prefix(3)) == ["input", "4", "good"] }, "\(twin.output)")

    let mappers = try await bench.edgectl("get", "mappers")
    #expect(
      cells(mappers.output).contains { $0.first == "modbus.so" && $0.contains("running") },
      "\(mappers.output)")
    let node = try await bench.edgectl("get", "node", "-o", "json")
    #expect(try JSON.parse(node.output)["name"] == .string(Node.name))
    #expect(try JSON.parse(node.output)["ready"] == true)
  }

  @Test func `it sets values, waits, and says with its status how that went`() async throws {
    let bench = try await Bench()
    let set = try await bench.edgectl("twin", "set", "tank-1", "level=300", "--wait")
    #expect(set.status == 0, "\(set.all)")
    #expect(set.output == "level: 300 applied\n")
    #expect(try await bench.simulator.client().holding(4) == [300])

    // 1 failed: read-only, out of range, of another type.
    for assignment in ["input=1", "level=70000", "level=much"] {
      let refused = try await bench.edgectl("twin", "set", "tank-1", assignment)
      #expect(refused.status == 1, "\(assignment): \(refused.all)")
      #expect(refused.errors.contains(assignment.split(separator: "=")[0]), "\(refused.errors)")
      #expect(refused.output.isEmpty)
    }
    // 2 wrong usage.
    #expect(try await bench.edgectl("twin", "set", "tank-1", "level").status == 2)
    #expect(try await bench.edgectl("get", "nothing").status == 2)
    // 3 not there.
    #expect(try await bench.edgectl("twin", "get", "nosuch").status == 3)
    #expect(try await bench.edgectl("twin", "set", "tank-1", "nosuch=1").status == 3)
    // 4 no agent.
    let away = try await bench.edgectl("get", "devices", "--socket", bench.node.root + "/none.sock")
    #expect(away.status == 4, "\(away.all)")
    #expect(away.errors.contains("none.sock"))
    // 5 somebody else was first.
    let version = try await bench.edgectl("get", "devices", "tank-1", "-o", "json")
    let current = try #require(try JSON.parse(version.output)["desiredVersion"]?.int)
    #expect(
      try await bench.edgectl("twin", "set", "tank-1", "level=5", "--if-version", "\(current - 1)").status
        == 5)
    #expect(
      try await bench.edgectl("twin", "set", "tank-1", "level=5", "--if-version", "\(current)", "--wait")
        .status == 0)
    // 6 the time is over: the device is not there to take it, and takes it later.
    bench.simulator.kill()
    #expect(await bench.node.becomes("offline", "default/tank-1"))
    let late = try await bench.edgectl("twin", "set", "tank-1", "level=9", "--wait", "--timeout", "300ms")
    #expect(late.status == 6, "\(late.all)")
    #expect(late.output.hasPrefix("level: 9 pending"), "\(late.output)")
    let again = try await Simulator(["--holding", "constant:7"], port: bench.simulator.port)
    #expect(await bench.node.becomes("online", "default/tank-1"))
    #expect(
      await eventually {
        await bench.node.property("level", of: "default/tank-1")["desired"]?["state"] == "applied"
      })
    #expect(try await again.client().holding(4) == [9])
    #expect(try await bench.edgectl("twin", "set", "tank-1", "level-").status == 0)
  }

  @Test func `it takes manifests and deletes objects`() async throws {
    let bench = try await Bench()
    let folder = try TemporaryFolder()
    let file = try folder.write(Manifests.tank("tank-2", port: bench.simulator.port), to: "tank-2.yaml")
    let created = try await bench.edgectl("apply", "-f", file)
    #expect(created.status == 0, "\(created.all)")
    #expect(created.output == "Device default/tank-2 created\n")
    #expect(await bench.node.becomes("online", "default/tank-2"))
    #expect(try await bench.edgectl("apply", "-f", file).output == "Device default/tank-2 unchanged\n")
    let edited = try await bench.edgectl(
      "apply", "-f", "-", input: Manifests.tank("tank-2", port: bench.simulator.port, offset: 5))
    #expect(edited.output == "Device default/tank-2 configured\n", "\(edited.all)")

    // All that is wrong, and nothing is taken.
    let wrong = Manifests.tank("tank-3", port: bench.simulator.port)
      .replacing("collectCycle: 100", with: "collectCycle: soon").replacing("{name: tank}", with: "{}")
    let refused = try await bench.edgectl("apply", "-f", "-", input: wrong)
    #expect(refused.status == 1, "\(refused.all)")
    #expect(
      refused.errors.contains("collectCycle") && refused.errors.contains("deviceModelRef"),
      "\(refused.errors)")
    #expect(await bench.node.twin("default/tank-3")["status"] == 404)

    #expect(try await bench.edgectl("delete", "device", "tank-2").output == "Device default/tank-2 deleted\n")
    #expect(await eventually { await bench.node.twin("default/tank-2")["status"] == 404 })
    #expect(try await bench.edgectl("delete", "device", "tank-2").status == 3)
  }

  @Test func `it follows changes`() async throws {
    let bench = try await Bench()
    let folder = try TemporaryFolder()
    let watch = try ChildProcess(
      Programs.path("edgectl"), ["twin", "watch", "tank-1", "-o", "json", "--socket", bench.node.socketPath],
      output: folder.file("watch"))
    #expect(await eventually { Files.text(watch.output).contains("tank-1") })
    #expect(try await bench.node.set("level", of: "default/tank-1", to: "1234").status == 200)
    #expect(await eventually { Files.text(watch.output).contains("1234") }, "\(Files.text(watch.output))")
    // The agent goes: it says so with its status.
    _ = await bench.node.stop()
    #expect(await watch.wait() == .exited(4), "\(Files.text(watch.output))")
  }
}
