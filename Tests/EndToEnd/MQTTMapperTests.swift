// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// A device that speaks MQTT itself, behind a real broker.
@Suite(.runsNodes) struct MQTTMapperTests {
  private static func plug(_ broker: MosquittoServer) -> String {
    """
    apiVersion: devices.kubeedge.io/v1beta1
    kind: DeviceModel
    metadata: {name: plug, namespace: default}
    spec:
      protocol: mqtt
      properties:
      - {name: power, type: BOOLEAN, accessMode: ReadWrite}
      - {name: watts, type: FLOAT, accessMode: ReadOnly}
      - {name: channel, type: INT, accessMode: ReadOnly}
      - {name: limit, type: INT, accessMode: ReadWrite}
    ---
    apiVersion: devices.kubeedge.io/v1beta1
    kind: Device
    metadata: {name: plug, namespace: default}
    spec:
      deviceModelRef: {name: plug}
      protocol: {protocolName: mqtt, configData: {broker: "\(broker.url)", backoffMaxMs: 1000}}
      properties:
      - name: power
        reportCycle: 100
        visitors: {configData: {topic: stat/POWER, setTopic: cmnd/POWER, payloadOn: "ON", payloadOff: "OFF"}}
      - name: watts
        reportCycle: 100
        visitors: {configData: {topic: tele/SENSOR, path: ENERGY.Power}}
      - name: channel
        reportCycle: 100
        visitors: {configData: {topic: tele/SENSOR, path: "channels[1].id"}}
      - name: limit
        reportCycle: 100
        visitors: {configData: {topic: tele/SENSOR, path: limit, setTopic: cmnd/LIMIT, setTemplate: '{"limit":{value}}'}}

    """
  }

  @Test func `values come out of JSON, are set, and come back after the broker was away`() async throws {
    let broker = try MosquittoServer()
    try await broker.start()
    let node = try await Node.started(mappers: ["mqtt"], manifests: ["plug": Self.plug(broker)])
    #expect(await node.becomes("online", "default/plug"))

    let device = try await MQTTTestClient(port: broker.port)
    try await device.subscribe("cmnd/#")
    try await device.publish("ON", to: "stat/POWER")
    try await device.publish(
      #"{"ENERGY":{"Power":17.5},"channels":[{"id":3},{"id":4}],"limit":60}"#, to: "tele/SENSOR")
    #expect(await node.reports(true, as: "power", of: "default/plug"))
    #expect(await node.reports(17.5, as: "watts", of: "default/plug"))
    #expect(await node.reports(4, as: "channel", of: "default/plug"))
    #expect(await node.reports(60, as: "limit", of: "default/plug"))

    #expect(try await node.set("power", of: "default/plug", to: "false").status == 200)
    #expect(try await node.set("limit", of: "default/plug", to: "75").status == 200)
    #expect(await device.messages(count: 2).map(\.text) == ["OFF", #"{"limit":75}"#])
    #expect(device.texts(on: "cmnd/LIMIT") == [#"{"limit":75}"#])

    // A message that does not fit is the fault of its points alone.
    try await device.publish(
      #"{"ENERGY":{"Power":"much"},"channels":[{},{"id":5}],"limit":61}"#, to: "tele/SENSOR")
    #expect(await node.reports(5, as: "channel", of: "default/plug"))
    let watts = await node.property("watts", of: "default/plug")
    #expect(watts["reported"]?["quality"] != "good", "\(watts.text)")
    #expect(watts["reported"]?["error"]?.string?.isEmpty == false)

    broker.kill()
    #expect(await eventually { await node.link(of: "default/plug") != "online" })
    try await broker.start()
    #expect(await node.becomes("online", "default/plug"))
    let again = try await MQTTTestClient(port: broker.port)
    try await again.publish(#"{"ENERGY":{"Power":18.25}}"#, to: "tele/SENSOR")
    #expect(await node.reports(18.25, as: "watts", of: "default/plug"))
    try await again.subscribe("cmnd/#")
    #expect(try await node.set("power", of: "default/plug", to: "true").status == 200)
    #expect(await again.messages(count: 1).map(\.text) == ["ON"])
  }
}
