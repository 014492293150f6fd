// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// `modules.twinAPI`: HTTP for programs and people on this node.
package struct TwinAPIConfiguration: Sendable, Equatable {
  package var enable = true
  /// Path of the unix socket.
  package var socket: String
  /// A loopback address, or with `tls` any of this machine.
  package var address = "127.0.0.1"
  /// 0: any free one.
  package var port = 10560
  /// Further names by which a client may call the port, beside the loopback ones: without a port.
  package var hostNames: [String] = []
  package var tls = TwinAPITLS()
  /// Also on loopback, and before there are any.
  package var areTokensRequired = false
  /// Who may do what on the socket, beside root and the agent's own user; the first that fits counts.
  package var socketAccess: [TwinAPISocketAccess] = []
  /// Requests a second of one caller; 0: as many as they like.
  package var readsPerSecond = 2000
  package var writesPerSecond = 200
  /// Watches, WebSockets and waiting writes together.
  package var watches = 1536

  package init(places: Places) { socket = places.twinSocket }

  /// What the kernel's address structure holds.
  static let longestSocket = 107
}

extension TwinAPIConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.readPath("socket", into: &socket)
    section.read("address", into: &address)
    section.read("tls", into: &tls)
    if !Loopback.isLoopback(address), !tls.isOn {
      section.keys.report(
        "address", value: YAMLNode.shortened(address),
        expected: "a loopback address (127.0.0.1 or ::1), or tls.certFile and tls.keyFile beside it")
    }
    if let tokens = section.keys.mapping("tokens") {
      SectionReader(tokens, section.report).read("required", into: &areTokensRequired)
      tokens.finish()
    }
    if let limits = section.keys.mapping("rateLimits") {
      let reader = SectionReader(limits, section.report)
      reader.read("readsPerSecond", into: &readsPerSecond, in: 0...1_000_000)
      reader.read("writesPerSecond", into: &writesPerSecond, in: 0...1_000_000)
      limits.finish()
    }
    if section.keys.has("socketAccess") {
      socketAccess = section.keys.mappings("socketAccess").compactMap { TwinAPISocketAccess($0) }
    }
    section.read("watches", into: &watches, in: 1...100_000)
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
      "tls": .object(tls.members), "tokens": ["required": .bool(areTokensRequired)],
      "socketAccess": .array(socketAccess.map { .object($0.members) }),
      "rateLimits": [
        "readsPerSecond": .int(Int64(readsPerSecond)), "writesPerSecond": .int(Int64(writesPerSecond)),
      ],
      "watches": .int(Int64(watches)),
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
