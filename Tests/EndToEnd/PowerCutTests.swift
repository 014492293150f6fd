// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// What was acknowledged is there after the power was cut: all that was written and not synced is gone then.
@Suite(.runsNodes) struct PowerCutTests {
  @Test func `every acknowledged update outlives a power cut`() async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let node = try Node(.external(broker))
    try node.declare(Writers.manifest(16), as: "writers")
    let power = try await PowerCut(folder: node.state)
    let writers = Writers(16, node: node, broker: broker)
    // The first start makes the database, so that its own syncs are seen too.
    try await node.start(environment: power.environment())
    for round in 1...6 {
      let before = writers.leastAcknowledged
      let moment = Duration.milliseconds(Int.random(in: 50...800))
      try await writers.write {
        _ = await eventually { writers.leastAcknowledged > before }
        try? await Task.sleep(for: moment)
        node.kill()
      }
      #expect(writers.leastAcknowledged > before)
      try power.cut()
      try await node.start(environment: power.environment())
      let complaints = await writers.complaints()
      #expect(complaints.isEmpty, "round \(round), cut after \(moment)")
    }
  }

  /// The same engine, with and without syncs: if the shim kept what was not synced, the test above would
  /// prove nothing.
  @Test(arguments: [("FULL", true), ("OFF", false)])
  func `the shim keeps what was synced and nothing else`(_ mode: (synchronous: String, keeps: Bool))
    async throws
  {
    let folder = try TemporaryFolder()
    let power = try await PowerCut(folder: folder.path)
    let output = try TemporaryFolder()
    let python = try await Python.path()
    let writer = try ChildProcess(
      python, [Programs.fixture("powercut/writer.py"), folder.file("rows.db"), mode.synchronous],
      environment: power.environment(), output: output.file("acknowledged"))
    #expect(
      await eventually { Files.text(writer.output).contains("\n200\n") },
      "\(Files.text(writer.output))")
    writer.kill()
    let acknowledged = try #require(Files.text(writer.output).split(separator: "\n").last.flatMap { Int($0) })
    try power.cut()
    let count =
      "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM row').fetchone()[0])"
    let found = try await Command.run(python, ["-c", count, folder.file("rows.db")])
    let rows = Int(found.output.filter { $0 != "\n" }) ?? 0
    if mode.keeps {
      #expect(rows >= acknowledged, "\(found.all)")
    } else {
      #expect(rows < acknowledged)
    }
  }
}
