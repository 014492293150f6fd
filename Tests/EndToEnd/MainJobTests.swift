// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// A mapper is dropped in, and a real device is read, kept and set through its twin.
@Suite(.runsNodes) struct MainJobTests {
  @Test func `a mapper copied in while the node runs brings its device to life`() async throws {
    let simulator = try await Simulator(["--holding", "constant:7", "--input", "address"])
    let node = try await Node.started(manifests: [
      "tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port)
    ])
    #expect(await node.link(of: "default/tank-1") == "unavailable")

    try node.install(mapper: "modbus")
    #expect(await node.becomes("online", "default/tank-1"))
    #expect(await node.reports(.int(7), as: "level", of: "default/tank-1"))
    #expect(await node.reports(.int(4), as: "input", of: "default/tank-1"))

    let reply = try await node.set("level", of: "default/tank-1", to: "4711")
    #expect(reply.status == 200, "\(reply.text)")
    #expect(reply.json["desired"]?["state"]?.string == "applied")
    #expect(try await simulator.client().holding(4) == [4711])
    #expect(await node.reports(.int(4711), as: "level", of: "default/tank-1"))

    // What the device itself changes is seen too, and is not written over.
    try await simulator.client().write(12, at: 4)
    #expect(await node.reports(.int(12), as: "level", of: "default/tank-1"))
    let level = await node.property("level", of: "default/tank-1")
    #expect(level["desired"]?["value"] == .int(4711))
    #expect(level["inSync"] == false)
  }

  enum Part: String, CaseIterable, Sendable { case model, device, mapper }
  static let orders: [[Part]] = [
    [.model, .device, .mapper], [.model, .mapper, .device], [.device, .model, .mapper],
    [.device, .mapper, .model], [.mapper, .model, .device], [.mapper, .device, .model],
  ]

  @Test(arguments: orders) func `the order of model, device and mapper does not matter`(order: [Part])
    async throws
  {
    let simulator = try await Simulator(["--holding", "constant:9"])
    let node = try await Node.started()
    for part in order {
      switch part {
      case .model: try node.declare(Manifests.tankModel, as: "model")
      case .device: try node.declare(Manifests.tank("tank-1", port: simulator.port), as: "device")
      case .mapper: try node.install(mapper: "modbus")
      }
      if part == order.last { break }
      #expect(await sees(part, node))
      #expect(await node.link(of: "default/tank-1") != "online")
    }
    #expect(await node.reports(.int(9), as: "level", of: "default/tank-1"))
  }

  /// Whether the node has looked at a part. A model alone shows nowhere.
  private func sees(_ part: Part, _ node: Node) async -> Bool {
    switch part {
    case .model: true
    case .device:
      await eventually {
        if await node.twin("default/tank-1")["name"] != nil { return true }
        return await node.get("/v1/manifests")["problems"]?.array?.isEmpty == false
      }
    case .mapper: await node.mapper("modbus", becomes: "running")
    }
  }

  @Test func `an edited manifest takes effect and a broken one harms nothing`() async throws {
    let simulator = try await Simulator(["--holding", "address"])
    let node = try await Node.started(
      mappers: ["modbus"],
      manifests: ["model": Manifests.tankModel, "device": Manifests.tank("tank-1", port: simulator.port)])
    #expect(await node.reports(.int(4), as: "level", of: "default/tank-1"))

    try node.declare(Manifests.tank("tank-1", port: simulator.port, offset: 11), as: "device")
    #expect(await node.reports(.int(11), as: "level", of: "default/tank-1"))

    let wrong = Manifests.tank("tank-1", port: simulator.port, offset: 12)
      .replacing("collectCycle: 100", with: "collectCycle: soon")
    try node.declare(wrong, as: "device")
    #expect(
      await eventually { await node.get("/v1/manifests")["problems"]?.array?.isEmpty == false })
    let problem = try #require(await node.get("/v1/manifests")["problems"]?.array?.first)
    #expect(problem["file"]?.string?.hasSuffix("device.yaml") == true)
    #expect(problem["path"]?.string == "spec.properties[0].collectCycle")
    #expect(problem["value"]?.string == "soon")
    // What was in force stays so.
    try await simulator.client().write(3000, at: 11)
    #expect(await node.reports(.int(3000), as: "level", of: "default/tank-1"))

    try node.withdraw("device")
    #expect(await eventually { await node.twin("default/tank-1")["status"] == 404 })
    try node.declare(Manifests.tank("tank-1", port: simulator.port), as: "device")
    #expect(await node.reports(.int(4), as: "level", of: "default/tank-1"))
  }
}
