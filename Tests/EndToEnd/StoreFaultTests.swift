// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// The node when its disk, its database, its clock or its descriptors fail it. `docs/reliability.md` has a row for each.
@Suite(.runsNodes) struct StoreFaultTests {
  private static let device = "default/plain-1"
  private static let manifest =
    Manifests.plainModel(properties: [("a", "INT"), ("b", "INT")]) + "---\n"
    + Manifests.plain("plain-1", properties: ["a", "b"])

  private func set(_ node: Node, _ name: String, _ value: Int) async throws -> HTTPReply {
    try await node.http.send(
      "PUT", "/v1/devices/\(Self.device)/properties/\(name)/desired", body: "\(value)", limit: 60)
  }

  private func desired(_ node: Node, _ name: String) async -> JSON {
    await node.property(name, of: Self.device)["desired"]?["value"] ?? .null
  }

  private func isThere(_ node: Node) async -> Bool {
    await eventually { await node.twin(Self.device)["name"]?.string == "plain-1" }
  }

  @Test(.enabled(if: SmallDisk.isPossible))
  func `a full disk: what cannot be kept is refused, and all goes on when there is room`()
    async throws
  {
    let node = try Node()
    let disk = try SmallDisk(kilobytes: 16 << 10, at: node.state)
    try node.declare(Self.manifest, as: "plain")
    try await node.start()
    #expect(await isThere(node))
    #expect(try await set(node, "a", 1).status == 200)
    disk.fill()
    var last = 1
    var reply = try await set(node, "a", last + 1)
    while reply.status == 200, last < 20_000 {
      last += 1
      if last.isMultiple(of: 100) { disk.fill() }
      reply = try await set(node, "a", last + 1)
    }
    #expect(reply.status >= 500 && reply.text.contains("full"), "\(reply.status) \(reply.text)")
    // From memory, and it says so.
    #expect(await desired(node, "a") == .int(Int64(last)))
    #expect(await eventually { (try? await node.http.send("GET", "/readyz", limit: 30))?.status == 503 })
    #expect(await node.get("/readyz").text.contains("full"))
    disk.free()
    #expect(await eventually { (try? await set(node, "b", 7))?.status == 200 })
    #expect(await eventually { (try? await node.http.send("GET", "/readyz", limit: 30))?.status == 200 })
    node.kill()
    try await node.start()
    #expect(await isThere(node))
    #expect(await desired(node, "a") == .int(Int64(last)))
    #expect(await desired(node, "b") == 7)
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
  }

  @Test(.enabled(if: SmallDisk.isPossible))
  func `a read-only disk at the start: served from memory, kept once it can be written`()
    async throws
  {
    let node = try Node()
    let disk = try SmallDisk(kilobytes: 16 << 10, at: node.state)
    try node.declare(Self.manifest, as: "plain")
    try await node.start()
    #expect(await isThere(node))
    #expect(try await set(node, "a", 5).status == 200)
    node.kill()
    _ = await node.process?.wait(within: .seconds(60))
    try disk.makeReadOnly(true)
    try node.launch()
    #expect(await isThere(node), "\(node.log)")
    #expect(await desired(node, "a") == 5)
    let reply = try await set(node, "a", 6)
    #expect(reply.status >= 500, "\(reply.status) \(reply.text)")
    #expect(await desired(node, "a") == 5)
    #expect(await node.get("/readyz").text.contains("read-only"))
    try disk.makeReadOnly(false)
    #expect(await eventually { (try? await set(node, "a", 6))?.status == 200 })
    node.kill()
    try await node.start()
    #expect(await isThere(node))
    #expect(await desired(node, "a") == 6)
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
  }

  @Test func `a damaged database is set aside, and the agent serves what can be read of it`() async throws {
    let node = try Node()
    try node.declare(Self.manifest, as: "plain")
    try await node.start()
    #expect(await isThere(node))
    #expect(try await set(node, "a", 5).status == 200)
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
    let file = open(node.state + "/edgecore.db", O_RDWR)
    try #require(file >= 0)
    let noise = [UInt8](repeating: 0x5A, count: 100)
    #expect(pwrite(file, noise, noise.count, 0) == noise.count)
    close(file)
    try await node.start()
    #expect(await isThere(node))
    #expect(Files.list(node.state).contains { $0.hasPrefix("edgecore.db.damaged-") })
    #expect(node.log.contains("was damaged"))
    // Declared anew by its manifest, and as good as new.
    #expect(try await set(node, "a", 6).status == 200)
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
    try await node.start()
    #expect(await desired(node, "a") == 6)
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
  }

  /// Where libfaketime is; nil: it is not installed.
  private static let fakeTime = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"].map {
    $0 + "/faketime/libfaketimeMT.so.1"
  }.first { access($0, R_OK) == 0 }

  @Test(.enabled(if: fakeTime != nil || getenv("CI") != nil))
  func `a clock that jumps by years, forth and back, disturbs no reading and no desired value`() async throws
  {
    let library = try #require(Self.fakeTime, "apt install faketime")
    let simulator = try await Simulator(["--input", "counter"])
    let node = try Node()
    try node.install(mapper: "modbus")
    try node.declare(
      Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port), as: "tank")
    let clock = node.root + "/clock"
    try Files.write("+0", to: clock)
    // The library's set-up moves the environment, from which a Swift program finds its arguments; so it is done by
    // another program, which becomes the agent.
    try await node.start(
      environment: [
        "LD_PRELOAD=\(library)", "FAKETIME_TIMESTAMP_FILE=\(clock)", "FAKETIME_NO_CACHE=1",
        "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
      ], wrapper: "/usr/bin/env")
    #expect(await node.becomes("online", "default/tank-1"))
    for (round, jump) in ["+20y", "-20y", "+2s", "-3600s", "+0"].enumerated() {
      try Files.write(jump, to: clock)
      let before = await node.reported("input", of: "default/tank-1")
      #expect(await eventually { await node.reported("input", of: "default/tank-1") != before }, "\(jump)")
      let value = 100 + round
      let reply = try await node.set("level", of: "default/tank-1", to: "\(value)", timeout: "60s")
      #expect(reply.status == 200, "\(jump): \(reply.status) \(reply.text)")
      #expect(await node.reports(.int(Int64(value)), as: "level", of: "default/tank-1"), "\(jump)")
      #expect(await node.link(of: "default/tank-1") == "online", "\(jump)")
    }
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
  }

  @Test func `without descriptors for connections the devices go on, and connections are taken again later`()
    async throws
  {
    let simulator = try await Simulator(["--input", "counter", "--log"])
    let node = try Node()
    try node.install(mapper: "modbus")
    try node.declare(
      Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port), as: "tank")
    try await node.start()
    #expect(await node.becomes("online", "default/tank-1"))
    let process = try #require(node.process)
    // Room for a few more than it has.
    let room = Files.list("/proc/\(process.id)/fd").count + 8
    try await Command.check("/usr/bin/prlimit", ["--pid", "\(process.id)", "--nofile=\(room):4096"])
    var connections: [Socket] = []
    for _ in 0..<40 {
      if let connection = try? Socket(path: node.socketPath, limit: 30) { connections.append(connection) }
    }
    #expect(connections.count > 8)
    // Its connections are used up; what it drives is not.
    let polls = simulator.requests(of: 1)
    #expect(await eventually { simulator.requests(of: 1) > polls + 5 })
    #expect(process.ending == nil)
    connections = []
    #expect(await eventually { await node.link(of: "default/tank-1") == "online" })
    let before = await node.reported("input", of: "default/tank-1")
    #expect(await eventually { await node.reported("input", of: "default/tank-1") != before })
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
  }

  @Test func `an agent that gets no more memory ends, and nothing acknowledged is lost`() async throws {
    let node = try Node()
    try node.declare(Self.manifest, as: "plain")
    try await node.start()
    #expect(await isThere(node))
    #expect(try await set(node, "a", 11).status == 200)
    let process = try #require(node.process)
    try await Command.check("/usr/bin/prlimit", ["--pid", "\(process.id)", "--as=1048576"])
    // It may live on with what it has; it must not lie.
    var acknowledged = 11
    for value in 12..<40 {
      let body = "\(value)"
      guard process.ending == nil, let reply = try? await set(node, "a", value), reply.status == 200 else {
        continue
      }
      acknowledged = Int(body) ?? acknowledged
    }
    node.kill()
    _ = await process.wait(within: .seconds(60))
    try await node.start()
    #expect(await isThere(node))
    let kept = await desired(node, "a").int ?? 0
    #expect(kept >= Int64(acknowledged))
    #expect(await node.stop(within: .seconds(60)) == .exited(0))
  }
}
