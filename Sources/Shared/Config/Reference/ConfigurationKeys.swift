// SPDX-License-Identifier: Apache-2.0

/// Every key that is served, section by section. A test compares the list with what the sections read.
package enum ConfigurationKeys {
  package static let all: [KeyDescription] =
    general + edged + edgeHub + eventBus + metaManager + deviceTwin + history + mapperHost + twinAPI + push

  /// What a section is for, by its path.
  package static let sections: [(path: String, summary: String)] = [
    ("database", "Where the node keeps the state of its devices."),
    ("standalone", "A node without a cloud, whose devices are declared by files."),
    ("modules.edged", "Pods on this node, and the node's name."),
    ("modules.edgeHub", "The link to the cloud."),
    ("modules.eventBus", "MQTT: requests of device programs, answers, telemetry."),
    ("modules.metaManager", "The last known world of the node."),
    ("modules.deviceTwin", "The state of the devices."),
    ("modules.mapperHost", "The drivers of devices."),
    ("modules.push", "Values sent on as the `pushMethod` of their properties says."),
    ("modules.twinAPI", "HTTP for programs and people on this node."),
  ]

  /// The key of this path, in any case, as the configuration takes it.
  package static func key(_ path: String) -> KeyDescription? {
    all.first { $0.path.lowercased() == path.lowercased() }
  }

  /// The key that describes this path: itself, or the one whose names it is below.
  package static func governing(_ path: String) -> KeyDescription? {
    key(path) ?? all.first { path.hasPrefix($0.path + ".") }
  }

  /// The keys below a section.
  package static func keys(below path: String) -> [KeyDescription] {
    let prefix = path.lowercased() + "."
    return all.filter { $0.path.lowercased().hasPrefix(prefix) }
  }

  private static let general = [
    KeyDescription("apiVersion", .text, "`edgecore.config.kubeedge.io/v1alpha2`.", isKubeEdge: true),
    KeyDescription("kind", .text, "`EdgeCore`.", isKubeEdge: true),
    KeyDescription(
      "database.dataSource", .path,
      "The SQLite file; its folder is created. KubeEdge's own database is never touched.", isKubeEdge: true),
    KeyDescription(
      "standalone.enable", .boolean,
      "As `--standalone`: edgeHub and edged are off, and `nodeName` of devices is ignored."),
    KeyDescription("standalone.manifests", .path, "The watched folder of Device and DeviceModel manifests."),
  ]

  private static let edged = [
    KeyDescription("modules.edged.enable", .boolean, "Not served yet: no pods run.", isKubeEdge: true),
    KeyDescription(
      "modules.edged.hostnameOverride", .text,
      "The node's name, everywhere. Empty: the host name in lower case.", isKubeEdge: true),
  ]

  private static let edgeHub = [
    KeyDescription("modules.edgeHub.enable", .boolean, "Not served yet: there is no link.", isKubeEdge: true)
  ]

  private static let eventBus = [
    KeyDescription("modules.eventBus.enable", .boolean, "Whether there is MQTT at all.", isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.mqttMode", .integer(0...2),
      "0: a broker of the agent's own, on loopback. 1: both. 2: a broker that runs already.", isKubeEdge: true
    ),
    KeyDescription(
      "modules.eventBus.mqttQOS", .integer(0...2), "Read for KubeEdge's sake; `telemetryQOS` decides.",
      isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.mqttRetain", .boolean, "Read for KubeEdge's sake; `retainedState` decides.",
      isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.mqttServerInternal", .text, "Where the agent's own broker listens.", isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.mqttServerExternal", .text,
      "The broker that runs already: `tcp://HOST:PORT` or `ssl://HOST:PORT`.", isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.mqttSubClientID", .text,
      "Client id of the connection that takes requests. Empty: made of the time.", isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.mqttPubClientID", .text,
      "Client id of the connection that publishes. Empty: the same connection does both.", isKubeEdge: true),
    KeyDescription("modules.eventBus.mqttUsername", .text, "Of the external broker.", isKubeEdge: true),
    KeyDescription("modules.eventBus.mqttPassword", .secret, "Of the external broker.", isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.mqttUsernameFile", .text,
      "A file with the user for the external broker, read at each connect. Empty: none."),
    KeyDescription(
      "modules.eventBus.mqttPasswordFile", .text,
      "A file with the password for the external broker, read at each connect. Empty: none."),
    KeyDescription(
      "modules.eventBus.telemetryQOS", .integer(0...2),
      "QoS of telemetry. Absent: 0 to a broker on loopback, 1 to any other."),
    KeyDescription(
      "modules.eventBus.eventBusTLS.enable", .boolean, "Whether the files below are used.", isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.eventBusTLS.tlsMqttCAFile", .path, "Who may sign the broker's certificate.",
      isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.eventBusTLS.tlsMqttCertFile", .path, "The agent's own certificate.", isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.eventBusTLS.tlsMqttPrivateKeyFile", .path, "The key of that certificate.",
      isKubeEdge: true),
    KeyDescription(
      "modules.eventBus.retainedState", .boolean,
      "Whether the broker keeps the state of each device on `selvedge/<node>/<namespace>/<name>/twin`."),
    KeyDescription(
      "modules.eventBus.spool.enable", .boolean,
      "Whether telemetry waits on disk for a broker that is away; it is dropped else."),
    KeyDescription(
      "modules.eventBus.spool.maxBytes", .integer(1_048_576...1_099_511_627_776),
      "On disk, for each broker. Beyond it the oldest messages go."),
    KeyDescription("modules.eventBus.spool.maxAge", .duration, "Older messages are not replayed."),
    KeyDescription(
      "modules.eventBus.spool.replayRate", .integer(0...1_000_000),
      "Messages a second that are replayed beside the fresh ones. 0: as fast as the broker takes them."),
  ]

  private static let push = [
    KeyDescription("modules.push.enable", .boolean, "Whether values are pushed."),
    KeyDescription(
      "modules.push.format", .choice(["kubeedge", "json"]),
      "What goes to MQTT and HTTP: the text of KubeEdge's mappers, or an object."),
    KeyDescription(
      "modules.push.influxdb2TokenFile", .text,
      "A file with the token for InfluxDB. Empty: the variable `TOKEN`, as for KubeEdge's mappers."),
    KeyDescription(
      "modules.push.caFile", .text,
      "Who may sign the certificates of `https` servers. Empty: whom the system trusts."),
  ]

  private static let metaManager = [
    KeyDescription(
      "modules.metaManager.enable", .boolean, "Not served yet: it concerns the cloud.", isKubeEdge: true)
  ]

  private static let deviceTwin = [
    KeyDescription(
      "modules.deviceTwin.enable", .boolean, "Read for KubeEdge's sake; the twins are always there.",
      isKubeEdge: true)
  ]

  private static let mapperHost =
    [
      KeyDescription("modules.mapperHost.enable", .boolean, "Whether mappers are loaded."),
      KeyDescription(
        "modules.mapperHost.folders", .paths,
        "Watched for mapper libraries. The later folder wins where two have the same driver."),
      KeyDescription(
        "modules.mapperHost.isolation", .choice(["process", "inProcess"]),
        "`process`: a runner process a mapper. `inProcess`: in the agent, for trusted mappers and the smallest nodes."
      ),
      KeyDescription(
        "modules.mapperHost.inProcess", .texts,
        "Libraries that run in the agent although the others do not: file names without `.so`."),
    ]
    + limits("modules.mapperHost.limits.")
    + [
      KeyDescription(
        "modules.mapperHost.limits.mappers", .named(members: limits("")),
        "Limits of single libraries, by file name without `.so`; they take the place of the general ones.",
        isReloaded: true)
    ]

  private static func limits(_ section: String) -> [KeyDescription] {
    [
      KeyDescription(
        section + "memoryMB", .integer(16...1_048_576),
        "Resident memory of a runner, with what its processes have of their own.", isReloaded: true),
      KeyDescription(
        section + "openFiles", .integer(32...1_048_576), "Open descriptors of a runner.", isReloaded: true),
      KeyDescription(
        section + "processes", .integer(0...100_000), "Processes that a driver may have running; 0: none.",
        isReloaded: true),
      KeyDescription(
        section + "user", .text, "Whom runners run as, where the agent is root; empty: as the agent.",
        isReloaded: true),
      KeyDescription(
        section + "readable", .paths, "Files and folders that a driver may read, beside the usual ones.",
        isReloaded: true),
      KeyDescription(
        section + "writable", .paths, "Files and folders that a driver may change.", isReloaded: true),
      KeyDescription(
        section + "sandbox", .choice(["on", "off"]),
        "`off`: files, system calls and capabilities are not restricted; the limits stay.", isReloaded: true),
    ]
  }

  private static let twinAPI = [
    KeyDescription("modules.twinAPI.enable", .boolean, "Whether there is an HTTP API."),
    KeyDescription("modules.twinAPI.socket", .path, "The unix socket; at most 107 bytes."),
    KeyDescription("modules.twinAPI.address", .text, "Where the TCP port listens."),
    KeyDescription("modules.twinAPI.port", .integer(0...65535), "The TCP port; 0: any free one."),
    KeyDescription(
      "modules.twinAPI.watches", .integer(1...100_000),
      "Watches, WebSockets and waiting writes together; a further watch gets 503."),
    KeyDescription(
      "modules.twinAPI.hostNames", .texts,
      "Further names by which a client may call the port, beside the loopback ones; without a port."),
    KeyDescription(
      "modules.twinAPI.tls.certFile", .text,
      "Absolute path of the port's certificate in PEM, with those that lead to its authority. Read again when it "
        + "changes. Empty: no TLS, and the address has to be a loopback one."),
    KeyDescription("modules.twinAPI.tls.keyFile", .text, "Absolute path of its private key in PEM."),
    KeyDescription(
      "modules.twinAPI.tls.clientCAFile", .text,
      "Absolute path of authorities in PEM: clients need a certificate of one of them. Empty: they need none."
    ),
    KeyDescription(
      "modules.twinAPI.tokens.required", .boolean,
      "The port takes no request without a token, also on loopback and before there is one."),
    KeyDescription(
      "modules.twinAPI.socketAccess",
      .list(members: [
        KeyDescription("user", .text, "A user's name; or else `group`."),
        KeyDescription("group", .text, "A group, whose members it is for."),
        KeyDescription("scope", .choice(["none", "read", "write", "admin"]), "What they may do."),
        KeyDescription("namespaces", .texts, "Of the devices that they may see and change. Absent: all."),
      ]),
      "Who may do what on the socket. Root and the agent's own user may do everything; for others the first element "
        + "that names them counts, and without one they may write, but a mapper's user may do nothing."),
    KeyDescription(
      "modules.twinAPI.rateLimits.readsPerSecond", .integer(0...1_000_000),
      "Requests of one caller that change nothing; twice as many at once. 0: no limit. Root on the socket has none."
    ),
    KeyDescription(
      "modules.twinAPI.rateLimits.writesPerSecond", .integer(0...1_000_000),
      "Requests of one caller that change something; twice as many at once. 0: no limit."),
  ]
}
