// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.deviceTwin`: the state of the devices.
package struct DeviceTwinConfiguration: Sendable, Equatable {
  package var enable = true
  package var history: HistoryConfiguration

  package init(places: Places) { history = HistoryConfiguration(places: places) }
}

extension DeviceTwinConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.read("history", into: &history)
    section.skip(["dmiSockPath"], isOn: enable)
  }

  var members: JSON.Members {
    ["enable": .bool(enable), "history": .object(history.members)]
  }
}
