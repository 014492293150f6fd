// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// Everything is killed at random moments, again and again: `make soak` does 200 rounds, CI a few.
@Suite(.runsNodes) struct SoakTests {
  private static let rounds = getenv("SELVEDGE_SOAK_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 4

  /// Set points of one register, growing, and what the simulated device saw of them.
  private final class SetPoints: Sendable {
    private let node: Node
    private let simulator: Simulator
    /// The last that was sent, and the last that was acknowledged.
    private let progress = Mutex((sent: 0, acknowledged: 0))
    init(_ node: Node, _ simulator: Simulator) {
      self.node = node
      self.simulator = simulator
    }

    /// The values that were written to the register, in the order in which they came.
    var written: [Int] {
      simulator.log.split(separator: "\n").compactMap { line in
        guard line.hasPrefix("unit 1 function 6 address 4 value "), line.hasSuffix(": ok") else { return nil }
        return line.dropLast(": ok".count).split(separator: " ").last.flatMap { Int($0) }
      }
    }

    var range: ClosedRange<Int> { progress.withLock { $0.acknowledged...max($0.sent, $0.acknowledged) } }

    func setNext() async {
      let value = progress.withLock {
        $0.sent += 1
        return $0.sent
      }
      let reply = try? await node.http.send(
        "PUT", "/v1/devices/default/tank-1/properties/level/desired", body: "\(value)", limit: 60)
      if reply?.status == 200 { progress.withLock { $0.acknowledged = value } }
    }
  }

  @Test
  func
    `agent, runner and broker die at any moment; what was acknowledged stays, and set points keep their order`()
    async throws
  {
    let broker = try MosquittoServer()
    try await broker.start()
    let simulator = try await Simulator(["--log"])
    let node = try await Node.started(
      .external(broker), mappers: ["modbus"],
      manifests: [
        "writers": Writers.manifest(4),
        "tank": Manifests.tankModel + "---\n"
          + Manifests.tank("tank-1", port: simulator.port, settings: ", backoffMaxMs: 1000"),
      ])
    #expect(await node.becomes("online", "default/tank-1"))
    let writers = Writers(4, node: node, broker: broker)
    let points = SetPoints(node, simulator)
    for round in 1...max(1, Self.rounds) {
      let before = writers.leastAcknowledged
      try await writers.write {
        _ = await eventually { writers.leastAcknowledged > before }
        for _ in 0..<Int.random(in: 1...5) { await points.setNext() }
        try? await Task.sleep(for: .milliseconds(Int.random(in: 0...400)))
        if Bool.random(), let runner = await node.mapper("modbus")["processID"]?.int, runner > 1 {
          Glibc.kill(pid_t(runner), SIGKILL)
        }
        if Bool.random() { broker.kill() }
        try? await Task.sleep(for: .milliseconds(Int.random(in: 0...200)))
        node.kill()
      }
      _ = await node.process?.wait(within: .seconds(60))
      if !broker.isRunning { try await broker.start() }
      try await node.start()
      #expect(await writers.complaints() == [], "round \(round)")
      let kept = await node.property("level", of: "default/tank-1")["desired"]?["value"]?.int ?? 0
      #expect(points.range.contains(Int(kept)), "round \(round): \(kept) of \(points.range)")
      #expect(await node.reports(.int(kept), as: "level", of: "default/tank-1"), "round \(round)")
    }
    let written = points.written
    #expect(!written.isEmpty && written == written.sorted(), "\(written)")
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
  }
}
