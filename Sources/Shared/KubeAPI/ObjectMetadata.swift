// SPDX-License-Identifier: Apache-2.0
internal import Config
package import DeviceAPI
package import JSON

/// `metadata` of an object, as far as people write it.
package struct ObjectMetadata: Sendable {
  /// Namespace and name; any object's name has the form of a device's.
  package var name: DeviceName
  package var labels: [String: String]
  package var annotations: [String: String]

  package init(name: DeviceName, labels: [String: String] = [:], annotations: [String: String] = [:]) {
    self.name = name
    self.labels = labels
    self.annotations = annotations
  }

  package var json: JSON {
    var members: JSON.Members = ["name": .string(name.name), "namespace": .string(name.namespace)]
    if !labels.isEmpty { members.append("labels", Self.sorted(labels)) }
    if !annotations.isEmpty { members.append("annotations", Self.sorted(annotations)) }
    return .object(members)
  }

  static func sorted(_ texts: [String: String]) -> JSON {
    .object(
      JSON.Members(texts.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) }))
  }

  // MARK: - Reading

  /// Nil, with problems in the log, unless the object has a name.
  init?(_ object: MappingReader) {
    guard object.has("metadata"), let keys = object.mapping("metadata") else {
      if !object.has("metadata") {
        _ = object.node("metadata")
        object.report("metadata", expected: "a mapping with the name of the object")
      }
      return nil
    }
    let name = keys.requiredString("name", expected: "the name of the object")
    let namespace = keys.string("namespace") ?? "default"
    labels = keys.dictionary("labels")
    annotations = keys.dictionary("annotations")
    // What a cluster adds; it means nothing in a file.
    for key in Self.ofTheCluster { _ = keys.node(key) }
    keys.finish()
    guard let name else { return nil }
    guard let whole = DeviceName(namespace: namespace, name: name) else {
      if DeviceName(namespace: "default", name: name) == nil {
        keys.report(
          "name", value: YAMLNode.shortened(name),
          expected: "lower-case letters, digits, '-' and '.', at most 253")
      }
      if DeviceName(namespace: namespace, name: "x") == nil {
        keys.report(
          "namespace", value: YAMLNode.shortened(namespace),
          expected: "lower-case letters, digits and '-', at most 63")
      }
      return nil
    }
    self.name = whole
  }

  private static let ofTheCluster = [
    "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink",
    "ownerReferences",
    "finalizers", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName",
  ]
}
