// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import JSON

/// The manifest of a find: a list of a DeviceModel and a Device.
struct FoundManifest {
  var objects: [JSON]
  var name: DeviceName?

  init(_ find: JSON) {
    objects = find["manifest"]?["items"]?.array ?? []
    name = DeviceName(namespace: find["namespace"]?.string ?? "", name: find["name"]?.string ?? "")
  }

  /// Gives the device, and the model that is its own, another name.
  mutating func rename(to name: DeviceName) {
    self.name = name
    objects = objects.map { object in
      guard var members = object.object else { return object }
      var metadata = members["metadata"]?.object ?? [:]
      metadata["name"] = .string(name.name)
      metadata["namespace"] = .string(name.namespace)
      members["metadata"] = .object(metadata)
      if var spec = members["spec"]?.object, spec["deviceModelRef"] != nil {
        spec["deviceModelRef"] = ["name": .string(name.name)]
        members["spec"] = .object(spec)
      }
      return .object(members)
    }
  }

  /// As `edgectl apply` takes it: a document an object.
  static func yaml(_ manifests: [FoundManifest]) -> String {
    manifests.flatMap(\.objects).map { YAMLWriter.text(of: $0) }.joined(separator: "---\n")
  }

  /// As the agent takes it.
  static func list(_ manifests: [FoundManifest]) -> JSON {
    ["apiVersion": "v1", "kind": "List", "items": .array(manifests.flatMap(\.objects))]
  }
}
