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
  /// Further names by which a client may call the port, beside the loopback ones: without a port.
  package var hostNames: [String] = []

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
    if let names = section.keys.strings("hostNames") {
      for name in names where !Self.isHostName(name) {
        section.keys.report(
          "hostNames", value: YAMLNode.shortened(name), expected: "names as in a Host header, without a port")
      }
      hostNames = names
    }
  }

  var members: JSON.Members {
    [
      "enable": .bool(enable), "socket": .string(socket), "address": .string(address),
      "port": .int(Int64(port)), "hostNames": .array(hostNames.map { .string($0) }),
    ]
  }

  private static func isHostName(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}
