// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.metaManager`: the last known world of the node.
package struct MetaManagerConfiguration: Sendable, Equatable {
  package var enable = true
  package init() {}
}

extension MetaManagerConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.skip(["contextSendGroup", "contextSendModule", "remoteQueryTimeout", "metaServer"], isOn: enable)
  }

  var members: JSON.Members { ["enable": .bool(enable)] }
}
