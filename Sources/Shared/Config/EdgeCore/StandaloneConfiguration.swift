// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `standalone`: one node without a cloud, whose devices are declared by files.
package struct StandaloneConfiguration: Sendable, Equatable {
  /// Also `--standalone`. Switches edgeHub and edged off; `nodeName` of devices is ignored.
  package var enable = false
  /// The watched folder of Device and DeviceModel manifests.
  package var manifests: String

  package init(places: Places) { manifests = places.manifests }
}

extension StandaloneConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.readPath("manifests", into: &manifests)
  }

  var members: JSON.Members { ["enable": .bool(enable), "manifests": .string(manifests)] }
}
