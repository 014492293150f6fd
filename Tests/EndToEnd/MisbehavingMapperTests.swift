// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// Libraries of Tests/Fixtures/mappers, each wrong in one way, in a real agent.
@Suite(.runsNodes) struct MisbehavingMapperTests {
  private static func build(into folder: String) async throws {
    try await Command.check(
      "/usr/bin/make", ["-s", "-C", Programs.fixture("mappers"), "OUT=" + folder, "CFLAGS=-O0"],
      within: .seconds(120))
  }

  private static func device(_ driver: String) -> String {
    """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: \(driver), namespace: default}
    spec: {protocol: \(driver), properties: [{name: p, type: INT, accessMode: ReadOnly}]}
    ---
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: \(driver), namespace: default}
    spec:
      deviceModelRef: {name: \(driver)}
      protocol: {protocolName: \(driver)}
      properties: [{name: p, collectCycle: 100, visitors: {configData: {}}}]

    """
  }

  /// What is wrong with a library is said, and nothing of it is used.
  private static let refused = [
    "too-short", "too-short-driver", "wrong-major", "null-slot", "no-entry", "crash-in-constructor",
  ]
  /// These run until their first read.
  private static let ending: [(name: String, word: String)] = [
    ("crash", "SIGSEGV"), ("abort", "SIGABRT"), ("exit", "7"),
  ]

  @Test func `a library that cannot be used is refused, one that breaks is named, and others work on`()
    async throws
  {
    let folder = try TemporaryFolder()
    try await Self.build(into: folder.path)
    let simulator = try await Simulator(["--input", "counter"])
    let node = try await Node.started(
      mappers: ["modbus"],
      manifests: ["tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port)])
    #expect(await node.becomes("online", "default/tank-1"))
    let before = await node.mapper("modbus")

    for name in Self.refused + Self.ending.map(\.name) + ["short-table"] {
      try node.declare(Self.device(name), as: name)
      try Files.copy(folder.file(name + ".so"), to: node.mappers + "/\(name).so")
    }
    for name in Self.refused {
      #expect(await node.mapper(name, becomes: "refused"), "\(name)")
      #expect(await node.mapper(name)["message"]?.string?.isEmpty == false, "\(name)")
      #expect(await node.becomes("unavailable", "default/" + name), "\(name)")
    }
    for (name, word) in Self.ending {
      #expect(
        await eventually {
          let fault = await node.mapper(name)["lastFault"]?.string ?? ""
          return fault.contains(word) && fault.contains("default/" + name)
        }, "\(name)")
    }
    // An older minor version of the ABI has a shorter table, and works.
    #expect(await node.becomes("online", "default/short-table"))

    let after = await node.mapper("modbus")
    #expect(after["processID"] == before["processID"])
    #expect(after["counters"]?["readFailures"] == 0)
    #expect(await node.link(of: "default/tank-1") == "online")
    #expect(try await node.http.send("GET", "/readyz").status == 200)
  }

  @Test func `an unfilled reading is a fault of its point, and a late one costs cycles, not the runner`()
    async throws
  {
    let folder = try TemporaryFolder()
    try await Self.build(into: folder.path)
    let node = try await Node.started(mappers: [], manifests: [:])
    for name in ["unfilled", "late"] {
      try node.declare(Self.device(name), as: name)
      try Files.copy(folder.file(name + ".so"), to: node.mappers + "/\(name).so")
    }
    #expect(await node.becomes("degraded", "default/unfilled"))
    let unread = await node.property("p", of: "default/unfilled")["reported"]
    #expect(unread?["quality"] == "bad")
    #expect(unread?.text.contains("the driver left the point unread") == true, "\(unread?.text ?? "")")
    // Half a second for a reading that is due every tenth.
    #expect(
      await eventually {
        (await node.mapper("late")["counters"]?["missedCycles"]?.int ?? 0) > 3
      })
    #expect(await node.mapper("late")["restarts"] == 0)
  }
}
