// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// How the agent ends.
@Suite(.runsNodes) struct StopTests {
  @Test(arguments: [SIGTERM, SIGINT]) func `a signal ends it well and nothing accepted is lost`(number: Int32)
    async throws
  {
    let broker = try MosquittoServer()
    try await broker.start()
    let simulator = try await Simulator(["--input", "counter"])
    let node = try await Node.started(
      .external(broker), mappers: ["modbus", "virtual"],
      manifests: [
        "writers": Writers.manifest(8),
        "tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port),
      ])
    #expect(await node.becomes("online", "default/tank-1"))
    #expect(await node.mapper("virtual", becomes: "running"))
    let runners = await node.get("/v1/mappers")["items"]?.array?.compactMap { $0["processID"]?.int } ?? []
    #expect(runners.count == 2)
    let writers = Writers(8, node: node, broker: broker)
    try await writers.write {
      _ = await eventually { writers.leastAcknowledged > 5 }
      node.process?.signal(number)
      #expect(await node.process?.wait(within: .seconds(60)) == .exited(0))
    }
    #expect(writers.leastAcknowledged > 5)
    for runner in runners { #expect(Glibc.kill(pid_t(runner), 0) != 0) }
    #expect(access(node.socketPath, F_OK) != 0)
    #expect(node.log.contains("stopped"))

    try await node.start()
    #expect(await writers.complaints() == [])
  }

  /// A device whose driver does not come back from its first call, which makes a stop take a while.
  private func nodeWithStuckDriver() async throws -> Node {
    let node = try await Node.started(
      mappers: ["virtual"],
      manifests: [
        "stuck": """
        apiVersion: devices.kubeedge.io/v1beta1
        kind: DeviceModel
        metadata: {name: stuck, namespace: default}
        spec: {protocol: virtual, properties: [{name: count, type: INT, accessMode: ReadOnly}]}
        ---
        apiVersion: devices.kubeedge.io/v1beta1
        kind: Device
        metadata: {name: stuck, namespace: default}
        spec:
          deviceModelRef: {name: stuck}
          protocol: {protocolName: virtual, configData: {fault: hang, faultOn: open}}
          properties:
          - {name: count, collectCycle: 100, visitors: {configData: {kind: counter}}}

        """
      ])
    #expect(await eventually { await node.mapper("virtual")["counters"]?["devices"] == 1 })
    return node
  }

  @Test func `a driver that hangs does not keep it from ending well`() async throws {
    let node = try await nodeWithStuckDriver()
    #expect(await node.stop() == .exited(0), "\(node.log)")
  }

  @Test func `a second signal ends it at once`() async throws {
    let node = try await nodeWithStuckDriver()
    let process = try #require(node.process)
    process.signal(SIGTERM)
    #expect(await eventually { node.log.contains("stopping") })
    process.signal(SIGTERM)
    #expect(await process.wait() == .exited(128 + SIGTERM))
  }

  @Test func `its children end with it, however it ends`() async throws {
    let port = FreePort.find()
    let node = try await Node.started(.own(port), mappers: ["virtual", "modbus"])
    #expect(await node.mapper("virtual", becomes: "running"))
    #expect(await node.mapper("modbus", becomes: "running"))
    let runners = await node.get("/v1/mappers")["items"]?.array?.compactMap { $0["processID"]?.int } ?? []
    #expect(runners.count == 2)
    // The broker that it brings along carries its messages.
    let client = try await MQTTTestClient(port: port)
    try await client.subscribe("$hw/events/node/+/membership/get/result")
    try await client.publish(#"{"event_id":"m"}"#, to: "$hw/events/node/edge-1/membership/get")
    #expect(await client.messages(count: 1).first?.text.hasPrefix(#"{"event_id":"m","#) == true)
    node.kill()
    #expect(
      await eventually { runners.allSatisfy { Glibc.kill(pid_t($0), 0) != 0 } && !FreePort.isServed(port) })
    try await node.start()
    #expect(FreePort.isServed(port))
  }
}
