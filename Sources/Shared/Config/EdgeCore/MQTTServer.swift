// SPDX-License-Identifier: Apache-2.0

/// The address of a broker, as KubeEdge writes it: `tcp://127.0.0.1:1883`, `ssl://broker:8883`.
package struct MQTTServer: Sendable, Equatable, CustomStringConvertible {
  package var host: String
  package var port: Int
  package var usesTLS: Bool

  package init(host: String, port: Int, usesTLS: Bool = false) {
    self.host = host
    self.port = port
    self.usesTLS = usesTLS
  }

  static let expected = "tcp://HOST:PORT or ssl://HOST:PORT, without user or path"

  /// Schemes tcp, mqtt; ssl, tls, mqtts. Without a port 1883 or 8883. IPv6 in brackets.
  package init?(parsing text: String) {
    guard let separator = text.range(of: "://") else { return nil }
    switch text[..<separator.lowerBound].lowercased() {
    case "tcp", "mqtt": usesTLS = false
    case "ssl", "tls", "mqtts": usesTLS = true
    default: return nil
    }
    let rest = text[separator.upperBound...]
    guard !rest.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "@") })
    else {
      return nil
    }
    let portText: Substring?
    if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
      host = String(rest[rest.index(after: rest.startIndex)..<end])
      let tail = rest[rest.index(after: end)...]
      guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
      portText = tail.isEmpty ? nil : tail.dropFirst()
    } else if let colon = rest.firstIndex(of: ":") {
      host = String(rest[..<colon])
      portText = rest[rest.index(after: colon)...]
    } else {
      host = String(rest)
      portText = nil
    }
    guard !host.isEmpty else { return nil }
    if let portText {
      guard let port = UInt16(portText), port > 0, portText.first != "+" else { return nil }
      self.port = Int(port)
    } else {
      port = usesTLS ? 8883 : 1883
    }
  }

  package var description: String {
    let host = host.contains(":") ? "[" + host + "]" : host
    return (usesTLS ? "ssl://" : "tcp://") + host + ":" + String(port)
  }

  /// Whether the broker is on this machine.
  package var isLoopback: Bool { Loopback.isLoopback(host) }
}

extension String {
  /// The first place of `part`. The standard library has this for `Regex` only.
  fileprivate func range(of part: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
      start = index(after: start)
    }
    return nil
  }
}

enum Loopback {
  /// `localhost`, `127.0.0.0/8` or `::1`; a name is not resolved.
  static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
