// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// What was acknowledged is there after the agent was killed.
@Suite(.runsNodes) struct DurabilityTests {
  @Test func `every acknowledged update outlives a kill at a random moment`() async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let node = try await Node.started(.external(broker), manifests: ["writers": Writers.manifest(16)])
    let writers = Writers(16, node: node, broker: broker)
    for round in 1...10 {
      let before = writers.leastAcknowledged
      let moment = Duration.milliseconds(Int.random(in: 100...1200))
      try await writers.write {
        // Each writer has something to lose, however slow the machine is.
        _ = await eventually { writers.leastAcknowledged > before }
        try? await Task.sleep(for: moment)
        node.kill()
      }
      #expect(writers.leastAcknowledged > before)
      try await node.start()
      let complaints = await writers.complaints()
      #expect(complaints.isEmpty, "round \(round), killed after \(moment)")
    }
  }

  @Test func `a desired value that waits for its device is written after a restart`() async throws {
    let simulator = try await Simulator(["--holding", "constant:7"])
    let node = try await Node.started(
      mappers: ["modbus"],
      manifests: [
        "tank": Manifests.tankModel + "---\n"
          + Manifests.tank("tank-1", port: simulator.port, settings: ", backoffMaxMs: 1000")
      ])
    #expect(await node.reports(7, as: "level", of: "default/tank-1"))
    simulator.kill()
    #expect(await node.becomes("offline", "default/tank-1"))
    for value in ["21", "22"] {
      let reply = try await node.set("level", of: "default/tank-1", to: value, timeout: "10ms")
      #expect(reply.status == 202, "\(reply.text)")
      #expect(reply.json["desired"]?["state"] == "pending")
    }
    node.kill()
    let again = try await Simulator(["--holding", "constant:7"], port: simulator.port)
    try await node.start()
    #expect(await node.reports(22, as: "level", of: "default/tank-1"))
    #expect(try await again.client().holding(4) == [22])
    let level = await node.property("level", of: "default/tank-1")
    #expect(level["desired"]?["state"] == "applied")
    #expect(level["desired"]?["version"] == 2)
  }
}
