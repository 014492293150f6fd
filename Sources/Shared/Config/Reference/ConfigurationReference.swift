// SPDX-License-Identifier: Apache-2.0
package import JSON

/// The configuration as documents: what `docs/configuration.md` and `deploy/edgecore.schema.json` hold.
package enum ConfigurationReference {
  /// A JSON Schema (2020-12). Keys that it does not know are allowed, since KubeEdge has more of them; editors
  /// want the keys as they are spelled here, while edgecore takes them in any case.
  package static func schema(places: Places) -> JSON {
    let defaults = EdgeCoreConfiguration(places: places, hostName: "HOSTNAME")
    var root: JSON.Members = [
      "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "edgecore.yaml",
    ]
    for member in object(at: "", defaults) { root.append(member.name, member.value) }
    return .object(root)
  }

  private static func object(at path: String, _ defaults: EdgeCoreConfiguration) -> JSON.Members {
    var properties: JSON.Members = [:]
    let prefix = path.isEmpty ? "" : path + "."
    for key in ConfigurationKeys.all where key.path.hasPrefix(prefix) {
      let rest = key.path.dropFirst(prefix.count).split(separator: ".")
      guard let name = rest.first.map(String.init), properties[name] == nil else { continue }
      properties[name] =
        rest.count > 1
        ? .object(object(at: prefix + name, defaults))
        : .object(schema(of: key, default: defaults.value(at: key.path)))
    }
    var members: JSON.Members = ["type": "object"]
    if let section = ConfigurationKeys.sections.first(where: { $0.path == path }) {
      members["description"] = .string(section.summary)
    }
    members["properties"] = .object(properties)
    return members
  }

  private static func schema(of key: KeyDescription, default value: JSON?) -> JSON.Members {
    var members = type(of: key.kind)
    members["description"] = .string(key.summary)
    if case .secret = key.kind { return members }
    if let value { members["default"] = value }
    return members
  }

  private static func type(of kind: KeyDescription.Kind) -> JSON.Members {
    switch kind {
    case .boolean: return ["type": "boolean"]
    case .integer(let range):
      return [
        "type": "integer", "minimum": .int(Int64(range.lowerBound)), "maximum": .int(Int64(range.upperBound)),
      ]
    case .text, .secret: return ["type": "string"]
    case .duration: return ["type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"]
    case .path: return ["type": "string", "pattern": "^/"]
    case .choice(let words): return ["enum": .array(words.map { .string($0) })]
    case .texts: return ["type": "array", "items": ["type": "string"]]
    case .paths: return ["type": "array", "items": ["type": "string", "pattern": "^/"]]
    case .named(let keys):
      return ["type": "object", "additionalProperties": .object(mapping(keys))]
    case .list(let keys): return ["type": "array", "items": .object(mapping(keys))]
    }
  }

  private static func mapping(_ keys: [KeyDescription]) -> JSON.Members {
    var properties: JSON.Members = [:]
    for key in keys { properties[key.path] = .object(schema(of: key, default: nil)) }
    return ["type": "object", "properties": .object(properties)]
  }

  // MARK: The page

  package static func page(places: Places) -> String {
    let defaults = EdgeCoreConfiguration(places: places, hostName: "HOSTNAME")
    var text = """
      # Configuration

      Made by `edgecore config reference`; do not edit.

      `edgecore.yaml` is KubeEdge's own file (`\(EdgeCoreConfiguration.apiVersion)`) with keys of ours added. It is read
      from `\(places.configuration)`, else from `\(places.kubeEdgeConfiguration)`, or from where `--config` says. Keys match
      in any case. What a file does not say has its default. A wrong value is an error, and all errors are told at
      once; a key that is not known, or that KubeEdge serves and we do not, is a warning.

      ```
      edgecore config check FILE         is the file good? 0: yes, 1: no
      edgecore config explain KEY        what a key means, its default and its value
      edgecore config default            every key with its default
      edgecore config schema             a JSON Schema, for editors (also deploy/edgecore.schema.json)
      ```

      "K": a key of KubeEdge. "R": taken over by a running agent with `SIGHUP` (`systemctl reload edgecore`); the
      others want a restart, and the log names those that changed.

      """
    text += table("General", ConfigurationKeys.all.filter { !$0.path.contains(".") }, defaults)
    for section in ConfigurationKeys.sections {
      text += table("\(section.path)", ConfigurationKeys.keys(below: section.path), defaults, section.summary)
    }
    return text
  }

  private static func table(
    _ title: String, _ keys: [KeyDescription], _ defaults: EdgeCoreConfiguration, _ summary: String = ""
  ) -> String {
    var text = "\n## \(title)\n\n"
    if !summary.isEmpty { text += summary + "\n\n" }
    text += "| key | default | | meaning |\n|---|---|---|---|\n"
    for key in keys {
      let marks = [key.isKubeEdge ? "K" : "", key.isReloaded ? "R" : ""].joined()
      let name = title == "General" ? key.path : String(key.path.dropFirst(title.count + 1))
      text +=
        "| `\(name)` | \(cell(defaults.value(at: key.path), key)) | \(marks) | \(sentence(key)) |\n"
      if case .named(let members) = key.kind { text += rows("\(name).NAME.", members) }
      if case .list(let members) = key.kind { text += rows("\(name)[].", members) }
    }
    return text
  }

  private static func rows(_ prefix: String, _ keys: [KeyDescription]) -> String {
    keys.map { "| `\(prefix)\($0.path)` | | \($0.isReloaded ? "R" : "") | \(sentence($0)) |\n" }.joined()
  }

  private static func sentence(_ key: KeyDescription) -> String {
    let summary = key.summary.split(separator: "|").joined(separator: "\\|")
    switch key.kind {
    case .integer, .choice, .duration, .secret: return "\(summary) Expected: \(key.kind.text)."
    default: return summary
    }
  }

  private static func cell(_ value: JSON?, _ key: KeyDescription) -> String {
    guard let value else { return "" }
    if case .named = key.kind, case .object(let members) = value {
      return members.isEmpty ? "" : "`\(value.text)`"
    }
    let text = value.string ?? value.text
    return text.isEmpty ? "" : "`\(text)`"
  }
}

extension EdgeCoreConfiguration {
  /// What is in force at a path; nil where nothing is set or the path is none.
  package func value(at path: String) -> JSON? {
    var value = JSON.object(members)
    for name in path.split(separator: ".") {
      guard case .object(let members) = value, let next = members[String(name)] else { return nil }
      value = next
    }
    return value
  }
}
