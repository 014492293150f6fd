// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

extension MQTTMapperTests {
  /// As mappers/mqtt/examples/tasmota has it, shorter.
  private static func tasmota(_ broker: MosquittoServer) -> String {
    """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: tasmota, namespace: default}
    spec:
      protocol: mqtt
      protocolConfigData:
        broker: "\(broker.url)"
        availabilityTopic: ["tele/{name}/LWT"]
        payloadAvailable: Online
        payloadNotAvailable: Offline
      properties:
      - name: power
        type: BOOLEAN
        accessMode: ReadOnly
        visitors:
          configData: {topic: "stat/{name}/POWER", payloadOn: "ON", payloadOff: "OFF"}
    ---
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: hall, namespace: default}
    spec:
      deviceModelRef: {name: tasmota}
      protocol: {protocolName: mqtt, configData: {name: plug_1}}
      properties: [{name: power, reportCycle: 100}]

    """
  }

  @Test func `a device's last will takes its link down, and its return brings it up`() async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let node = try await Node.started(mappers: ["mqtt"], manifests: ["hall": Self.tasmota(broker)])
    #expect(await node.becomes("online", "default/hall"))
    let plug = try await MQTTTestClient(port: broker.port)
    try await plug.publish("Online", to: "tele/plug_1/LWT")
    try await plug.publish("ON", to: "stat/plug_1/POWER")
    #expect(await node.reports(true, as: "power", of: "default/hall"))

    try await plug.publish("Offline", to: "tele/plug_1/LWT")
    #expect(await node.becomes("offline", "default/hall"))
    try await plug.publish("Online", to: "tele/plug_1/LWT")
    #expect(await node.becomes("online", "default/hall"))
    try await plug.publish("OFF", to: "stat/plug_1/POWER")
    #expect(await node.reports(false, as: "power", of: "default/hall"))
  }
}
