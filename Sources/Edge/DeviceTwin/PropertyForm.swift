// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What a property is, as opposed to what its value is: mostly the same for the property of that name of many devices,
/// which then share one.
final class PropertyForm: Sendable, Equatable {
  let name: String
  /// The type in messages; "integer" stays what a client said.
  let typeName: String
  /// May be deleted over MQTT.
  let isOptional: Bool
  /// The device's model declares it; else an MQTT client brought it.
  let isModelled: Bool
  /// What the manifest said last of its desired value.
  let manifest: String?

  init(name: String, typeName: String, isOptional: Bool, isModelled: Bool, manifest: String? = nil) {
    self.name = name
    self.typeName = typeName
    self.isOptional = isOptional
    self.isModelled = isModelled
    self.manifest = manifest
  }

  /// Of a property that a model declares.
  convenience init(_ description: PropertyDescription) {
    self.init(
      name: description.name, typeName: description.type.twinName, isOptional: false, isModelled: true)
  }

  static func == (left: PropertyForm, right: PropertyForm) -> Bool {
    left === right
      || left.name == right.name && left.typeName == right.typeName && left.isOptional == right.isOptional
        && left.isModelled == right.isModelled && left.manifest == right.manifest
  }

  func with(manifest: String?) -> PropertyForm {
    PropertyForm(
      name: name, typeName: typeName, isOptional: isOptional, isModelled: isModelled, manifest: manifest)
  }

  func with(isOptional: Bool) -> PropertyForm {
    PropertyForm(
      name: name, typeName: typeName, isOptional: isOptional, isModelled: isModelled, manifest: manifest)
  }
}

extension Property {
  var name: String { form.name }
  var typeName: String { form.typeName }
  var isOptional: Bool { form.isOptional }
  var isModelled: Bool { form.isModelled }
  var manifest: String? { form.manifest }
}
