// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// The rows of docs/reliability.md. Each runs in a real agent, beside a neighbour that must not notice.
///
/// Many rows share a node and fail at the same time, which is the harder case for the neighbour.
@Suite(.runsNodes) struct FaultTableTests {
  /// What a fault is called once the runner has ended by it.
  struct Row: Sendable {
    var mapper: String
    var words: [String]
  }

  /// Rows after which a runner has ended and another one is there.
  static let ending: [Row] = [
    Row(mapper: "crash", words: ["SIGSEGV", "read of default/crash"]),
    Row(mapper: "abort", words: ["SIGABRT", "read of default/abort"]),
    Row(mapper: "exit", words: ["exit status 7", "read of default/exit"]),
    Row(mapper: "stack-overflow", words: ["SIGSEGV", "read of default/stack-overflow"]),
    Row(mapper: "hang", words: ["did not come back from read of default/hang"]),
    Row(mapper: "endless-loop", words: ["did not come back from read of default/endless-loop"]),
    Row(mapper: "leak", words: ["used ", " MB of memory, limit 64 MB"]),
    Row(mapper: "fork-bomb", words: ["processes running, limit 8; it was killed with them"]),
    Row(mapper: "thread-bomb", words: [" threads, limit 1024"]),
    Row(mapper: "garbage", words: ["malformed frame"]),
    Row(mapper: "closes-descriptors", words: []),
  ]

  @Test func `a mapper that ends by its fault is named and comes back, and its neighbour works on`()
    async throws
  {
    let node = try await FaultNode(
      limits: "mappers: {leak: {memoryMB: 64}, fork-bomb: {processes: 8}}", mappers: Self.ending.map(\.mapper)
    )
    let before = await node.neighbour()
    for row in Self.ending { try node.declare(row.mapper) }

    for row in Self.ending {
      let isBack = await eventually(within: .seconds(60)) {
        let mapper = await node.node.mapper(row.mapper)
        let fault = mapper["lastFault"]?.string ?? ""
        return !fault.isEmpty && row.words.allSatisfy { fault.contains($0) }
          && mapper["restarts"]?.int ?? 0 >= 1 && mapper["state"] == "running"
      }
      let mapper = await node.node.mapper(row.mapper)
      #expect(isBack, "\(row.mapper): \(mapper.text)")
    }
    try await node.expectUnharmed(since: before)
    // Nothing is left of all that was started, in sessions of its own too.
    #expect(node.processes.count > 1)
    #expect(await node.node.stop() == .exited(0))
    #expect(await eventually { node.processes.isEmpty }, "\(node.processes)")
  }

  @Test func `a mapper that hangs in load is ended after ten seconds, and its neighbour works on`()
    async throws
  {
    let node = try await FaultNode(mappers: ["hang-in-load"])
    let before = await node.neighbour()
    try node.declare("hang-in-load")
    #expect(
      await eventually(within: .seconds(60)) {
        await node.node.mapper("hang-in-load")["lastFault"]?.string?.contains(
          "the library was not loaded within 10000 ms") == true
      })
    #expect(await node.node.becomes("unavailable", "default/hang-in-load"))
    try await node.expectUnharmed(since: before)
  }

  @Test func `a mapper that goes too far without an end is held, and its neighbour works on`() async throws {
    let node = try await FaultNode(mappers: ["fork-bomb", "log-flood", "wrong-values"])
    let before = await node.neighbour()
    try node.declare("fork-bomb")
    try node.declare("log-flood")
    try node.declare("wrong-values", point: "wrong: type")

    // Processes: none could be started, and that is all.
    #expect(await node.node.reports(.int(Int64(-EPERM)), as: "p", of: "default/fork-bomb"))
    // Results that cannot be are a fault of their points.
    #expect(
      await eventually {
        await node.node.property("p", of: "default/wrong-values")["reported"]?["quality"] == "bad"
      })
    // Of many thousands of lines a few hundred came through, and the rest is counted.
    #expect(
      await eventually {
        await node.node.mapper("log-flood")["counters"]?["reads"]?.int ?? 0 >= 20
          && node.node.log.contains("were dropped")
      })
    let lines = node.node.log.split(separator: "\n").count { $0.contains("a line ") }
    #expect(lines > 0 && lines < 20_000, "\(lines)")
    for name in ["fork-bomb", "log-flood", "wrong-values"] {
      let mapper = await node.node.mapper(name)
      #expect(mapper["state"] == "running" && mapper["restarts"] == 0, "\(mapper.text)")
    }
    try await node.expectUnharmed(since: before)
  }
}
