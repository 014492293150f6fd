// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// Two units on one line, of which one is dead.
@Suite(.runsNodes) struct DeadUnitTests {
  @Test func `a unit that never answers leaves its neighbour nearly all samples`() async throws {
    let simulator = try await Simulator(["--units", "1", "--dead-unit", "2", "--input", "counter", "--log"])
    let node = try await Node.started(
      mappers: ["modbus"],
      manifests: [
        "model": Manifests.tankModel,
        "live": Manifests.tank("live", port: simulator.port, unit: 1),
        "dead": Manifests.tank("dead", port: simulator.port, unit: 2, settings: ", callTimeoutMs: 1000"),
      ])
    #expect(await node.becomes("online", "default/live"))
    #expect(await node.becomes("offline", "default/dead"))
    let link = await node.twin("default/dead")["link"]
    #expect(link?["reason"]?.string?.contains("unit 2") == true, "\(link?.text ?? "")")

    // Its turns are what a dead unit costs, a second each. It is asked again after 1, 2, 4, 8, 16 and 30 s at the
    // soonest: a peer that asks it every cycle has it as often as the live one.
    let before = simulator.requests(of: 2)
    let begin = ContinuousClock.now
    let samples = await node.mapper("modbus")["counters"]?["samples"]?.int ?? 0
    #expect(
      await eventually(within: .seconds(120)) {
        (await node.mapper("modbus")["counters"]?["samples"]?.int ?? 0) >= samples + 180
      })
    let seconds = Int((ContinuousClock.now - begin).components.seconds)
    let asked = simulator.requests(of: 2) - before
    #expect(asked <= 6 + seconds / 20, "asked \(asked) times in \(seconds) s")
    #expect(simulator.requests(of: 1) > 5 * asked)
    #expect(await node.link(of: "default/live") == "online")
    #expect(await node.link(of: "default/dead") == "offline")
  }
}
