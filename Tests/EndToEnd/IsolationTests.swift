// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// A mapper that breaks costs its own devices alone.
@Suite(.runsNodes) struct IsolationTests {
  /// What the fault point is set to, and what the end of the runner must be called.
  static let faults: [(fault: String, words: [String])] = [
    ("crash", ["signal 11", "SIGSEGV", "read", "default/sick"]),
    ("exit:7", ["7", "read", "default/sick"]),
    ("hang", ["read", "default/sick"]),
  ]

  @Test(arguments: faults) func `others miss no poll while a mapper breaks`(
    _ fault: (fault: String, words: [String])
  ) async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let simulator = try await Simulator(["--input", "counter"])
    let node = try await Node.started(
      .external(broker), mappers: ["modbus", "virtual"],
      manifests: [
        "tank": Manifests.tankModel + "---\n" + Manifests.tank("tank-1", port: simulator.port, cycle: 200),
        "sick": Self.sick,
      ])
    let client = try await MQTTTestClient(port: broker.port)
    #expect(await node.becomes("online", "default/tank-1"))
    #expect(await node.becomes("online", "default/sick"))
    let before = await node.mapper("modbus")
    try await client.subscribe("$ke/events/device/default/tank-1/data/update")

    // Written, acknowledged, and met at the next read.
    _ = try await node.http.send(
      "PUT", "/v1/devices/default/sick/properties/trouble/desired", body: "\"\(fault.fault)\"")
    #expect(
      await eventually {
        await node.mapper("virtual")["lastFault"]?.string?.isEmpty == false
      })
    let end = await node.mapper("virtual")["lastFault"]?.string ?? ""
    for word in fault.words { #expect(end.contains(word), "\(end)") }
    // It comes back by itself, without the fault.
    #expect(await node.becomes("online", "default/sick"))
    #expect(await node.mapper("virtual")["restarts"]?.int ?? 0 >= 1)
    #expect(await node.reports(.string("none"), as: "trouble", of: "default/sick"))
    #expect(node.log.contains("default/sick"))

    let heard = client.messages.count
    #expect(await client.messages(count: heard + 3).count >= heard + 3)
    let after = await node.mapper("modbus")
    #expect(after["counters"]?["missedCycles"] == before["counters"]?["missedCycles"])
    #expect(after["counters"]?["readFailures"] == before["counters"]?["readFailures"])
    #expect(after["counters"]?["droppedSamples"] == 0)
    #expect(after["processID"] == before["processID"])
    #expect(after["restarts"] == 0)
    let numbers = try client.messages.map { try #require(try JSON.parse($0.payload)["seq"]?.int) }
    let first = try #require(numbers.first)
    #expect(numbers == Array(first..<(first + Int64(numbers.count))))
  }

  private static let sick = """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: sick, namespace: default}
    spec:
      protocol: virtual
      properties:
      - {name: count, type: INT, accessMode: ReadOnly}
      - {name: trouble, type: STRING, accessMode: ReadWrite}
    ---
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: sick, namespace: default}
    spec:
      deviceModelRef: {name: sick}
      protocol: {protocolName: virtual, configData: {}}
      properties:
      - {name: count, collectCycle: 100, visitors: {configData: {kind: counter}}}
      - {name: trouble, collectCycle: 100, visitors: {configData: {kind: fault}}}

    """
}
