// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// Two units on one line, of which one is dead.
@Suite(.runsNodes) struct DeadUnitTests {
  @Test func `a unit that never answers leaves its neighbour nearly all samples`() async throws {
    let simulator = try await Simulator(["--units", "1", "--dead-unit", "2", "--input", "counter"])
    let node = try await Node.started(
      mappers: ["modbus"],
      manifests: [
        "model": Manifests.tankModel,
        "live": Manifests.tank("live", port: simulator.port, unit: 1),
        "dead": Manifests.tank("dead", port: simulator.port, unit: 2, settings: ", callTimeoutMs: 1000"),
      ])
    #expect(await node.becomes("online", "default/live"))
    #expect(await node.becomes("offline", "default/dead", within: .seconds(30)))
    let link = await node.twin("default/dead")["link"]
    #expect(link?["reason"]?.string?.contains("unit 2") == true, "\(link?.text ?? "")")

    // The dead one is asked again after 1, 2, 4 and 8 s, a second each time: 4 of 15 s at the worst. A peer
    // that asks it every cycle leaves the live one a sample a second, a tenth.
    let before = await node.mapper("modbus")["counters"]?["samples"]?.int ?? 0
    try await Task.sleep(for: .seconds(15))
    let samples = (await node.mapper("modbus")["counters"]?["samples"]?.int ?? 0) - before
    // 10 a second of two points; the counters may be a second old.
    #expect(samples >= 300 * 6 / 10, "\(samples) samples")
    #expect(await node.link(of: "default/live") == "online")
    #expect(await node.link(of: "default/dead") == "offline")
  }
}
