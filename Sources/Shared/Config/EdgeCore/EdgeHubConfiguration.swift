// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.edgeHub`: the link to the cloud.
package struct EdgeHubConfiguration: Sendable, Equatable {
  package var enable = true
  package init() {}
}

extension EdgeHubConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.skip(Self.notServed, isOn: enable)
  }

  var members: JSON.Members { ["enable": .bool(enable)] }

  private static let notServed = [
    "heartbeat", "messageQPS", "messageBurst", "projectID", "tlsCaFile", "tlsCertFile", "tlsPrivateKeyFile",
    "websocket", "quic", "httpServer", "token", "rotateCertificates",
  ]
}
