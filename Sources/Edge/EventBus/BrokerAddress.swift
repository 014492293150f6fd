// SPDX-License-Identifier: Apache-2.0

/// Where an MQTT broker listens: `tcp://host:port`, as KubeEdge writes it, or `mqtt://host:port`; with TLS `ssl://`,
/// `tls://` or `mqtts://`.
package struct BrokerAddress: Sendable, Equatable, CustomStringConvertible {
  package let host: String
  package let port: UInt16
  package let usesTLS: Bool

  package struct ParseError: Error, Equatable, CustomStringConvertible {
    package let text: String
    package let expected: String
    package var description: String { "broker address \"\(text)\": expected \(expected)" }
  }

  package init(host: String, port: UInt16, usesTLS: Bool = false) {
    self.host = host
    self.port = port
    self.usesTLS = usesTLS
  }

  /// The port is 1883, or 8883 with TLS, when there is none. An IPv6 address stands in brackets.
  package init(parsing text: String) throws(ParseError) {
    var rest = Substring(text)
    var usesTLS = false
    if let end = Self.range(of: "://", in: rest) {
      let scheme = rest[..<end.lowerBound].lowercased()
      switch scheme {
      case "tcp", "mqtt": break
      case "ssl", "tls", "mqtts": usesTLS = true
      default:
        throw ParseError(text: text, expected: "tcp://, or ssl:// for TLS (\(scheme):// is not supported)")
      }
      rest = rest[end.upperBound...]
    }
    self.usesTLS = usesTLS
    if rest.hasSuffix("/") { rest.removeLast() }
    var portText: Substring?
    if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
      let after = rest[rest.index(after: end)...]
      host = String(rest[rest.index(after: rest.startIndex)..<end])
      guard after.isEmpty || after.hasPrefix(":") else {
        throw ParseError(text: text, expected: "[address]:port")
      }
      portText = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = rest.firstIndex(of: ":") {
      host = String(rest[..<colon])
      portText = rest[rest.index(after: colon)...]
    } else {
      host = String(rest)
    }
    guard !host.isEmpty,
      !host.utf8.contains(where: {
        $0 <= 0x20 || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "@") || $0 == 0x7F
      })
    else {
      throw ParseError(text: text, expected: "tcp://host:port")
    }
    guard let port = portText.map({ UInt16($0) }) ?? (usesTLS ? 8883 : 1883), port > 0 else {
      throw ParseError(text: text, expected: "a port from 1 to 65535")
    }
    self.port = port
  }

  package var description: String {
    (usesTLS ? "ssl://" : "tcp://") + (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host)
      + ":\(port)"
  }

  /// Whether the messages stay on this machine.
  package var isLoopback: Bool {
    host == "localhost" || host == "::1"
      || (host.hasPrefix("127.") && host.utf8.split(separator: 0x2E).count == 4)
  }

  private static func range(of mark: String, in text: Substring) -> Range<Substring.Index>? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(mark) { return start..<text.index(start, offsetBy: mark.count) }
      start = text.index(after: start)
    }
    return nil
  }
}
