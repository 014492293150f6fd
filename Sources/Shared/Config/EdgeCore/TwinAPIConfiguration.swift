// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.twinAPI`: HTTP for programs and people on this node.
package struct TwinAPIConfiguration: Sendable, Equatable {
  package var enable = true
  /// Path of the unix socket.
  package var socket: String
  /// A loopback address.
  package var address = "127.0.0.1"
  /// 0: any free one.
  package var port = 10560

  package init(places: Places) { socket = places.twinSocket }

  /// What the kernel's address structure holds.
  static let longestSocket = 107
}

extension TwinAPIConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.readPath("socket", into: &socket)
    section.read("address", into: &address)
    if !Loopback.isLoopback(address) {
      section.keys.report(
        "address", value: YAMLNode.shortened(address), expected: "a loopback address (127.0.0.1 or ::1)")
    }
    section.read("port", into: &port, in: 0...65535)
  }

  var members: JSON.Members {
    [
      "enable": .bool(enable), "socket": .string(socket), "address": .string(address),
      "port": .int(Int64(port)),
    ]
  }
}
