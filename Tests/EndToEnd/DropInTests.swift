// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// What becomes of files in the mappers folder that are not whole, or change under the feet of a runner.
@Suite(.runsNodes) struct DropInTests {
  /// The file grows in two steps with a pause between them, as over a slow link.
  @Test func `a library that is still being copied is not loaded`() async throws {
    let simulator = try await Simulator(["--holding", "constant:7"])
    let node = try await Node.started(manifests: [
      "tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port)
    ])
    let library = try Files.read(Programs.mapper("modbus"))
    let stream = try #require(fopen(node.mappers + "/modbus.so", "we"))
    let half = library.count / 2
    #expect(fwrite(library, 1, half, stream) == half)
    fflush(stream)
    // Another library, dropped in later, is loaded meanwhile: so the node had its look at the folder.
    try node.install(mapper: "virtual")
    #expect(await node.mapper("virtual", becomes: "running"))
    #expect(await node.mapper("modbus")["state"]?.string ?? "starting" == "starting")
    #expect(await node.link(of: "default/tank-1") == "unavailable")
    library.withUnsafeBytes { bytes in
      #expect(
        fwrite(bytes.baseAddress.map { $0 + half }, 1, library.count - half, stream) == library.count - half)
    }
    fclose(stream)
    #expect(await node.reports(.int(7), as: "level", of: "default/tank-1"))
    #expect(await node.mapper("modbus")["restarts"] == 0)
  }

  @Test func `a library that was cut short is refused until the rest is there`() async throws {
    let simulator = try await Simulator(["--holding", "constant:7"])
    let node = try await Node.started(manifests: [
      "tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port)
    ])
    let library = try Files.read(Programs.mapper("modbus"))
    try Files.write(Array(library[..<(library.count / 2)]), to: node.mappers + "/modbus.so")
    #expect(
      await eventually {
        let mapper = await node.mapper("modbus")
        return mapper["message"]?.string?.isEmpty == false && mapper["state"] != "running"
      })
    #expect(await node.link(of: "default/tank-1") == "unavailable")
    try Files.write(library, to: node.mappers + "/modbus.so")
    #expect(await node.reports(.int(7), as: "level", of: "default/tank-1"))
  }

  /// The inode stays and its pages change: whoever had mapped the file itself would now run garbage.
  @Test func `a library overwritten in place while in use harms nothing that runs`() async throws {
    let simulator = try await Simulator(["--input", "counter", "--period-ms", "20"])
    let node = try await Node.started(
      mappers: ["modbus"],
      manifests: ["tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port)])
    #expect(await node.becomes("online", "default/tank-1"))
    let before = await node.mapper("modbus")
    let runner = try #require(before["processID"]?.int)

    let path = node.mappers + "/modbus.so"
    let library = try Files.read(path)
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    let garbage = [UInt8](repeating: 0xCC, count: library.count)
    #expect(pwrite(descriptor, garbage, garbage.count, 0) == garbage.count)
    close(descriptor)

    #expect(
      await eventually {
        await node.mapper("modbus")["hash"] != before["hash"] || node.log.contains("modbus.so")
      })
    // Values go on to come, from the same process.
    for _ in 0..<3 {
      let value = await node.reported("input", of: "default/tank-1")
      #expect(await eventually { await node.reported("input", of: "default/tank-1") != value })
    }
    #expect(kill(pid_t(runner), 0) == 0)
    #expect(await node.link(of: "default/tank-1") == "online")

    // The same file as at first: nothing needs to change. Then another one: a new runner takes over.
    try Files.write(library, to: path)
    #expect(await node.mapper("modbus", becomes: "running"))
    try Files.write(library + [0], to: path)
    #expect(
      await eventually {
        let mapper = await node.mapper("modbus")
        return mapper["state"] == "running" && mapper["hash"] != before["hash"]
          && mapper["processID"]?.int != runner
      })
    #expect(await node.becomes("online", "default/tank-1"))
    let value = await node.reported("input", of: "default/tank-1")
    #expect(await eventually { await node.reported("input", of: "default/tank-1") != value })
    #expect(await eventually { kill(pid_t(runner), 0) != 0 })
  }

  @Test func `a library that is taken away leaves its devices unavailable, and comes back`() async throws {
    let simulator = try await Simulator(["--holding", "constant:7"])
    let node = try await Node.started(
      mappers: ["modbus"],
      manifests: ["tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port)])
    #expect(await node.reports(.int(7), as: "level", of: "default/tank-1"))
    try Files.remove(node.mappers + "/modbus.so")
    #expect(await node.becomes("unavailable", "default/tank-1"))
    // The last value stays, and says that it is of an earlier time.
    let level = await node.property("level", of: "default/tank-1")
    #expect(level["reported"]?["value"] == .int(7))
    #expect(level["reported"]?["quality"] != "good")
    try node.install(mapper: "modbus")
    #expect(await node.becomes("online", "default/tank-1"))
  }
}
