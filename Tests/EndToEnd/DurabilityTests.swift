// SPDX-License-Identifier: Apache-2.0
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
}
