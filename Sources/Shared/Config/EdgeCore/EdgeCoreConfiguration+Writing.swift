// SPDX-License-Identifier: Apache-2.0
internal import JSON

extension EdgeCoreConfiguration {
  /// What `--defaultconfig` prints: every key that is served, with its default.
  package static func defaultYAML(places: Places, hostName: String) -> String {
    """
    # Every key that edgecore serves, with its default.
    # Keys of KubeEdge's edgecore.yaml that are not here are accepted; those not served are named in the log.

    """ + YAMLWriter.text(of: .object(EdgeCoreConfiguration(places: places, hostName: hostName).members))
  }

  /// What `--minconfig` prints: what one has to look at before a first start.
  package static func minimalYAML(places: Places, hostName: String) -> String {
    let defaults = EdgeCoreConfiguration(places: places, hostName: hostName)
    let json: JSON = [
      "apiVersion": .string(apiVersion),
      "kind": .string(kind),
      "database": .object(defaults.database.members),
      "standalone": ["enable": true, "manifests": .string(defaults.standalone.manifests)],
      "modules": [
        "edged": ["hostnameOverride": .string(defaults.nodeName)],
        "eventBus": [
          "mqttMode": .int(Int64(defaults.eventBus.mqttMode.rawValue)),
          "mqttServerInternal": .string(defaults.eventBus.mqttServerInternal.description),
          "mqttServerExternal": .string(defaults.eventBus.mqttServerExternal.description),
        ],
        "mapperHost": ["folders": .array(defaults.mapperHost.folders.map { .string($0) })],
        "twinAPI": ["socket": .string(defaults.twinAPI.socket), "port": .int(Int64(defaults.twinAPI.port))],
      ],
    ]
    return """
      # The least that edgecore wants to know. --defaultconfig prints every key.
      # mqttMode: 0 internal broker, 1 both, 2 external broker.

      """ + YAMLWriter.text(of: json)
  }

  /// What is in force, key by key, for the log: secrets are hidden.
  package var effective: [(key: String, value: String)] {
    var lines: [(key: String, value: String)] = []
    Self.flatten(.object(members), "", &lines)
    return lines
  }

  /// The paths whose values differ in `other`, in order.
  package func changes(to other: EdgeCoreConfiguration) -> [String] {
    var mine: [(key: String, value: String)] = []
    var theirs: [(key: String, value: String)] = []
    Self.flatten(.object(members), "", &mine, hidesSecrets: false)
    Self.flatten(.object(other.members), "", &theirs, hidesSecrets: false)
    let old = Dictionary(mine.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    let new = Dictionary(theirs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
  }

  private static func flatten(
    _ json: JSON, _ path: String, _ lines: inout [(key: String, value: String)],
    hidesSecrets: Bool = true
  ) {
    if case .object(let members) = json {
      for member in members {
        flatten(member.value, JSONSchema.join(path, member.name), &lines, hidesSecrets: hidesSecrets)
      }
    } else if hidesSecrets, case .secret? = ConfigurationKeys.governing(path)?.kind {
      lines.append((path, json.string?.isEmpty == false ? "(hidden)" : ""))
    } else {
      lines.append((path, json.string ?? json.text))
    }
  }

  var members: JSON.Members {
    [
      "apiVersion": .string(Self.apiVersion),
      "kind": .string(Self.kind),
      "database": .object(database.members),
      "standalone": .object(standalone.members),
      "modules": [
        "edged": .object(edged.members), "edgeHub": .object(edgeHub.members),
        "eventBus": .object(eventBus.members), "metaManager": .object(metaManager.members),
        "deviceTwin": .object(deviceTwin.members), "mapperHost": .object(mapperHost.members),
        "twinAPI": .object(twinAPI.members), "push": .object(push.members),
      ],
    ]
  }
}
