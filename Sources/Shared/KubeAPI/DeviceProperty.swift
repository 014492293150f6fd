// SPDX-License-Identifier: Apache-2.0
internal import Config
package import DeviceAPI
package import JSON

/// An element of `spec.properties` of a Device.
package struct DeviceProperty: Sendable, Equatable {
  package struct Desired: Sendable, Equatable {
    package var value: String
    package var metadata: [String: String]
    /// `metadata.ttl`, milliseconds; 0: none.
    package var timeToLive = 0
    /// `metadata.verify`
    package var verify = false
    /// Counted from the device's `line`, as all lines here: equal lists of properties stay equal.
    package var line = 0
  }

  package var name: String
  package var desired: Desired?
  package var visitors: Visitors?
  /// Milliseconds; nil: the default.
  package var collectCycle: Int?
  package var reportCycle: Int?
  package var reportToCloud: Bool?
  /// As the manifest has it.
  package var pushMethod: JSON.Members?
  package var push: [PushMethod] = []
  package var line: Int

  /// Milliseconds, up to a day; KubeEdge's 0 means that nothing is said.
  static let cycles = 0...86_400_000

  /// - Parameter line: of the device.
  init?(_ keys: MappingReader, protocolName: String?, line device: Int) {
    let name = keys.requiredString("name", expected: "the name of a property of the model")
    line = keys.line(of: "name") - device
    desired = Desired(keys.mapping("desired"))
    desired?.line -= device
    visitors = Visitors(keys.mapping("visitors"))
    if let theirs = visitors?.protocolName, let protocolName, theirs != protocolName {
      keys.warn(
        "visitors", value: YAMLNode.shortened(theirs),
        expected: "protocolName \(protocolName), which drives the device and gets this configData")
    }
    collectCycle = Self.cycle("collectCycle", keys)
    if let cycle = collectCycle, cycle < PropertyDescription.minimumCollectCycle {
      keys.report(
        "collectCycle", value: String(cycle),
        expected: "at least \(PropertyDescription.minimumCollectCycle) (milliseconds)")
    }
    reportCycle = Self.cycle("reportCycle", keys)
    reportToCloud = keys.bool("reportToCloud")
    pushMethod = keys.object("pushMethod")
    if pushMethod != nil, let method = keys.mapping("pushMethod") { push = PushMethod.read(method) }
    keys.finish()
    guard let name else { return nil }
    self.name = name
  }

  private static func cycle(_ key: String, _ keys: MappingReader) -> Int? {
    keys.int(key, in: cycles).flatMap { $0 == 0 ? nil : $0 }
  }

  var json: JSON {
    var members: JSON.Members = ["name": .string(name)]
    if let desired { members.append("desired", desired.json) }
    if let visitors { members.append("visitors", visitors.json) }
    if let collectCycle { members.append("collectCycle", .int(Int64(collectCycle))) }
    if let reportCycle { members.append("reportCycle", .int(Int64(reportCycle))) }
    if let reportToCloud { members.append("reportToCloud", .bool(reportToCloud)) }
    if let pushMethod { members.append("pushMethod", .object(pushMethod)) }
    return .object(members)
  }
}

extension DeviceProperty.Desired {
  init?(_ keys: MappingReader?) {
    guard let keys else { return nil }
    value = keys.string("value") ?? ""
    if !keys.has("value") { keys.report("value", expected: "the desired value, as text") }
    line = keys.line(of: "value")
    metadata = keys.dictionary("metadata")
    let path = keys.path(of: "metadata")
    if let text = metadata["ttl"] {
      if let milliseconds = GoDuration.milliseconds(text) {
        timeToLive = milliseconds
      } else {
        keys.log.report(
          line: keys.line(of: "metadata"), path: path + ".ttl", value: YAMLNode.shortened(text),
          expected: "milliseconds or a duration such as 90s or 1h30m, as text")
      }
    }
    if let text = metadata["verify"] {
      verify = text == "true"
      if text != "true", text != "false" {
        keys.log.report(
          line: keys.line(of: "metadata"), path: path + ".verify", value: YAMLNode.shortened(text),
          expected: "\"true\" or \"false\"")
      }
    }
    keys.finish()
  }

  var json: JSON {
    var members: JSON.Members = ["value": .string(value)]
    if !metadata.isEmpty { members.append("metadata", ObjectMetadata.sorted(metadata)) }
    return .object(members)
  }
}
