// SPDX-License-Identifier: Apache-2.0
import Config
import JSON
import Testing

@Suite struct EdgeCoreConfigurationTests {
  private func read(_ text: String, standalone: Bool = false, root: String = "") throws
    -> EdgeCoreConfiguration.Loaded
  {
    try EdgeCoreConfiguration.read(
      Array(text.utf8), file: "e.yaml", places: Places(root: root), hostName: "Box-1", standalone: standalone)
  }

  private func failure(_ text: String, hostName: String = "box", root: String? = nil) -> [String] {
    do {
      _ = try EdgeCoreConfiguration.read(
        Array(text.utf8), file: "e.yaml", places: Places(root: root), hostName: hostName, standalone: false)
      return []
    } catch {
      return error.description.split(separator: "\n").map { String($0) }
    }
  }

  @Test func `has KubeEdge's defaults, and ours`() throws {
    let configuration = try read("").configuration
    #expect(configuration == EdgeCoreConfiguration(places: Places(), hostName: "box-1"))
    #expect(configuration.nodeName == "box-1")
    #expect(configuration.database.dataSource == "/var/lib/selvedge/edgecore.db")
    #expect(configuration.eventBus.mqttMode == .external)
    #expect(configuration.eventBus.mqttServerInternal.description == "tcp://127.0.0.1:1884")
    #expect(configuration.twinAPI.socket == "/run/selvedge/twin.sock")
    #expect(configuration.twinAPI.port == 10560)
    #expect(configuration.mapperHost.folders == ["/usr/lib/selvedge/mappers", "/var/lib/selvedge/mappers"])
    #expect(configuration.edgeHub.enable && configuration.edged.enable && !configuration.standalone.enable)
  }

  @Test func `puts every default path under the root`() throws {
    let configuration = try read("", root: "/tmp/x/").configuration
    for (key, value) in configuration.effective where value.hasPrefix("/") || value.hasPrefix("[\"/") {
      #expect(value.contains("/tmp/x/"), "\(key)")
    }
    #expect(configuration.standalone.manifests == "/tmp/x/etc/selvedge/devices.d")
  }

  @Test func `reads a KubeEdge user's file as it is`() throws {
    let loaded = try read(
      """
      apiVersion: edgecore.config.kubeedge.io/v1alpha2
      kind: EdgeCore
      edgecoreVersion: v1.23.0
      featureGates: {requireAuthorization: true}
      database:
        aliasName: default
        dataSource: /var/lib/kubeedge/edgecore.db
        driverName: sqlite3
      modules:
        dbTest: {enable: false}
        deviceTwin: {dmiSockPath: /etc/kubeedge/, enable: true}
        edgeHub:
          enable: true
          heartbeat: 15
          httpServer: https://10.0.0.1:10002
          token: ""
          websocket: {enable: true, server: "10.0.0.1:10000"}
        edgeStream: {enable: true, server: "10.0.0.1:10004"}
        edged:
          enable: true
          hostnameOverride: edge-7
          tailoredKubeletConfig: {maxPods: 110}
        eventBus:
          enable: true
          eventBusTLS: {enable: false}
          MQTTMode: 1
          mqttPassword: "4711"
          mqttQOS: 1
          mqttServerExternal: ssl://broker.plant:8883
          mqttSessionQueueSize: 100
        metaManager: {contextSendGroup: hub, enable: true, metaServer: {enable: false}}
        serviceBus: {enable: false, port: 9060}
        servicebuss: {}
      """)
    let configuration = loaded.configuration
    #expect(configuration.nodeName == "edge-7")
    #expect(configuration.eventBus.mqttMode == .both)
    #expect(
      configuration.eventBus.mqttServerExternal == MQTTServer(host: "broker.plant", port: 8883, usesTLS: true)
    )
    #expect(configuration.eventBus.mqttPassword == "4711")
    #expect(configuration.database.dataSource == "/var/lib/selvedge/edgecore.db")
    #expect(
      loaded.warnings == [
        "e.yaml:7: database.dataSource: /var/lib/kubeedge/edgecore.db is KubeEdge's own database and stays "
          + "untouched; using /var/lib/selvedge/edgecore.db",
        "e.yaml:1: this version does not serve featureGates",
        "e.yaml:24: modules.eventBus: this version does not serve mqttSessionQueueSize",
        "e.yaml:31: modules.metaManager: this version does not serve contextSendGroup, metaServer",
        "e.yaml:11: modules.deviceTwin: this version does not serve dmiSockPath",
        "e.yaml:20: modules.edged: this version does not serve tailoredKubeletConfig",
        "e.yaml:13: modules.edgeHub: this version does not serve heartbeat, websocket, httpServer, token",
        "e.yaml:10: modules: this version does not serve edgeStream",
        "e.yaml:33: modules.servicebuss: no such key, ignored",
      ])
  }

  @Test func `names everything that is wrong at once`() {
    #expect(
      failure(
        """
        kind: CloudCore
        standalone: {enable: yes, manifests: devices.d}
        modules:
          edged: {hostnameOverride: Edge_1}
          eventBus:
            mqttMode: 3
            mqttServerExternal: tcp://user:hunter2@host:1883
            mqttPassword: 4711
            telemetryQOS: 5
          mapperHost: {folders: [mappers, 3], isolation: thread, inProcess: [modbus, virtual.so]}
          twinAPI: {address: 0.0.0.0, port: 70000}
          deviceTwin: []
        """) == [
          "e.yaml:1: kind: CloudCore: expected EdgeCore",
          "e.yaml:2: standalone.enable: yes: expected true or false",
          "e.yaml:2: standalone.manifests: devices.d: expected an absolute path",
          "e.yaml:6: modules.eventBus.mqttMode: 3: expected a whole number from 0 to 2",
          "e.yaml:7: modules.eventBus.mqttServerExternal: expected tcp://HOST:PORT or ssl://HOST:PORT, without user or path",
          "e.yaml:8: modules.eventBus.mqttPassword: (secret): expected a text (put it in quotes)",
          "e.yaml:9: modules.eventBus.telemetryQOS: 5: expected a whole number from 0 to 2",
          "e.yaml:12: modules.deviceTwin: a list: expected a mapping",
          "e.yaml:10: modules.mapperHost.folders[1]: 3: expected a text (put it in quotes)",
          "e.yaml:10: modules.mapperHost.folders: mappers: expected absolute paths",
          "e.yaml:10: modules.mapperHost.isolation: thread: expected one of process, inProcess",
          "e.yaml:10: modules.mapperHost.inProcess: virtual.so: expected names of mapper libraries without .so",
          "e.yaml:11: modules.twinAPI.address: 0.0.0.0: expected a loopback address (127.0.0.1 or ::1), or tls.certFile and tls.keyFile beside it",
          "e.yaml:11: modules.twinAPI.port: 70000: expected a whole number from 0 to 65535",
          "e.yaml:4: modules.edged.hostnameOverride: Edge_1: expected a node name: lower-case letters, digits, "
            + "'-' and '.', at most 253",
        ])
  }

  @Test func `refuses a host name that is no node name, and a socket path that no kernel takes`() {
    #expect(
      failure("kind: EdgeCore", hostName: "my_box") == [
        "e.yaml:1: modules.edged.hostnameOverride: my_box: expected a node name: lower-case letters, digits, '-' "
          + "and '.', at most 253 (the host name is none)"
      ])
    let root = "/" + String(repeating: "r", count: 100)
    #expect(
      failure("", root: root) == [
        "e.yaml: modules.twinAPI.socket: \(root)/run/selvedge/twin.sock: expected a path of at most 107 bytes"
      ])
  }

  @Test func `refuses another version's group and several documents`() {
    #expect(
      failure("apiVersion: v1\n---\nkind: EdgeCore") == [
        "e.yaml:3: expected one document only",
        "e.yaml:1: apiVersion: v1: expected edgecore.config.kubeedge.io/v1alpha2",
      ])
    #expect(
      failure("a: [") == [
        "e.yaml:2: expected well-formed YAML (column 1: did not find expected node content while parsing a flow node)"
      ])
  }

  @Test func `standalone switches the cloud off, by flag and by key, and says nothing about it`() throws {
    let text =
      "modules: {edgeHub: {enable: true, token: x}, edged: {enable: true, hostnameOverride: n1, rootDirectory: /x}}"
    for loaded in [try read(text, standalone: true), try read("standalone: {enable: true}\n" + text)] {
      #expect(loaded.configuration.standalone.enable)
      #expect(!loaded.configuration.edgeHub.enable && !loaded.configuration.edged.enable)
      #expect(loaded.configuration.nodeName == "n1")
      #expect(loaded.warnings.isEmpty)
    }
  }

  @Test func `prints defaults that read back as defaults`() throws {
    let text = EdgeCoreConfiguration.defaultYAML(places: Places(), hostName: "box-1")
    let loaded = try read(text)
    #expect(loaded.configuration == EdgeCoreConfiguration(places: Places(), hostName: "box-1"))
    #expect(loaded.warnings.isEmpty)
    #expect(text.contains("    mqttServerInternal: tcp://127.0.0.1:1884\n"))
    let least = try read(EdgeCoreConfiguration.minimalYAML(places: Places(), hostName: "box-1"))
    #expect(least.warnings.isEmpty)
    #expect(least.configuration.standalone.enable)
  }

  @Test func `hides secrets in the effective configuration`() throws {
    let effective = try read("modules: {eventBus: {mqttUsername: u, mqttPassword: hunter2}}").configuration
      .effective
    #expect(effective.first { $0.key == "modules.eventBus.mqttPassword" }?.value == "(hidden)")
    #expect(effective.first { $0.key == "modules.eventBus.mqttUsername" }?.value == "u")
    #expect(!effective.contains { $0.value.contains("hunter2") })
    #expect(
      try read("").configuration.effective.first { $0.key == "modules.eventBus.mqttPassword" }?.value == "")
  }

  @Test(arguments: [
    ("tcp://h:1883", "tcp://h:1883", false), ("mqtt://h", "tcp://h:1883", false),
    ("SSL://h", "ssl://h:8883", false),
    ("mqtts://[::1]:99", "ssl://[::1]:99", true), ("tcp://localhost:1", "tcp://localhost:1", true),
    ("tcp://127.9.9.9", "tcp://127.9.9.9:1883", true),
    ("tcp://127.evil.com", "tcp://127.evil.com:1883", false),
  ])
  func `reads addresses of brokers`(text: String, description: String, isLoopback: Bool) throws {
    let server = try #require(MQTTServer(parsing: text))
    #expect(server.description == description)
    #expect(server.isLoopback == isLoopback)
  }

  @Test(arguments: [
    "", "h:1883", "http://h:1", "tcp://", "tcp://:1883", "tcp://h:0", "tcp://h:70000", "tcp://h:x",
    "tcp://u@h", "tcp://h/x", "tcp://h 1", "tcp://[::1", "tcp://[::1]9", "tcp://h:+5",
  ])
  func `refuses what is no address of a broker`(text: String) { #expect(MQTTServer(parsing: text) == nil) }
}
