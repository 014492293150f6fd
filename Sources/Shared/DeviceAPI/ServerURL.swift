// SPDX-License-Identifier: Apache-2.0

/// The URL of an HTTP server: `http` or `https`, host, port, path. No user, no fragment.
package struct ServerURL: Sendable, Hashable, CustomStringConvertible {
  package var usesTLS: Bool
  /// Without brackets.
  package var host: String
  package var port: Int
  /// With its query; begins with a slash, or is empty.
  package var path: String

  package static let expected = "http://HOST:PORT or https://HOST:PORT, without user"

  package init(usesTLS: Bool = false, host: String, port: Int, path: String = "") {
    self.usesTLS = usesTLS
    self.host = host
    self.port = port
    self.path = path
  }

  /// Nil when the text is none. A host alone is `http`.
  package init?(parsing text: String) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#") else { return nil }
    var rest = Substring(text)
    usesTLS = false
    let lower = text.lowercased()
    if lower.hasPrefix("http://") {
      rest = rest.dropFirst(7)
    } else if lower.hasPrefix("https://") {
      rest = rest.dropFirst(8)
      usesTLS = true
    } else if lower.contains("://") {
      return nil
    }
    let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    path = String(rest[slash...])
    if path.hasPrefix("?") { path = "/" + path }
    let authority = rest[..<slash]
    var portText: Substring?
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      host = String(authority[..<end].dropFirst())
      let tail = authority[end...].dropFirst()
      guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
      portText = tail.isEmpty ? nil : tail.dropFirst()
    } else if let colon = authority.firstIndex(of: ":") {
      host = String(authority[..<colon])
      portText = authority[colon...].dropFirst()
    } else {
      host = String(authority)
    }
    guard !host.isEmpty, !host.contains("@"), !host.contains("[") else { return nil }
    guard let portText else {
      port = usesTLS ? 443 : 80
      return
    }
    guard let number = UInt16(portText), number > 0, portText.first != "+" else { return nil }
    port = Int(number)
  }

  /// Host and port as a `Host` header has them.
  package var authority: String {
    let host = host.contains(":") ? "[\(host)]" : host
    return port == (usesTLS ? 443 : 80) ? host : "\(host):\(port)"
  }

  package var description: String { (usesTLS ? "https://" : "http://") + authority + path }
}
