// SPDX-License-Identifier: Apache-2.0
internal import HTTPTypes

/// Keeps web pages of others away from the port.
///
/// A browser on this machine reaches 127.0.0.1 for any page that it shows. Such a page either names a
/// host of its own that resolves to loopback (DNS rebinding: the Host gives it away) or calls across
/// origins (Origin and Sec-Fetch-Site give it away).
struct RequestGuard: Sendable {
  private let hosts: Set<String>
  private let socket: String?
  private let scheme: String
  /// Every request has to say who makes it, which such a page cannot; and others may call this node by any name.
  private let takesAnyHost: Bool

  /// - Parameters:
  ///   - socket: where writes go, for the message.
  ///   - isSecure: the port speaks TLS.
  init(
    address: String, hostNames: [String], socket: String?, isSecure: Bool = false, takesAnyHost: Bool = false
  ) {
    scheme = isSecure ? "https://" : "http://"
    self.takesAnyHost = takesAnyHost
    let own = address.contains(":") ? "[\(address)]" : address
    hosts = Set((["localhost", "127.0.0.1", "[::1]", own] + hostNames).map { $0.lowercased() })
    self.socket = socket
  }

  static func isLoopback(_ address: String) -> Bool {
    if address == "localhost" || address == "::1" { return true }
    let parts = address.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  func check(_ head: HTTPRequest) throws(Problem) {
    guard let authority = head.authority?.lowercased(), !authority.isEmpty else {
      throw Problem(
        .badRequest, "bad-request", "the request names no host", detail: "A Host header is required.")
    }
    guard takesAnyHost || hosts.contains(Self.host(of: authority)) else {
      throw Problem(
        .forbidden, "host-not-allowed", "this name is not served here",
        detail: "The Host is \(authority); served are the loopback names and those of the key "
          + "modules.twinAPI.hostNames.")
    }
    if let origin = head.headerFields[.origin]?.lowercased(), origin != scheme + authority {
      throw Self.crossSite("The Origin is \(origin), the Host \(authority).")
    }
    if let site = Self.field("sec-fetch-site", of: head), site == "cross-site" || site == "same-site",
      Self.field("sec-fetch-mode", of: head) != "navigate"
    {
      throw Self.crossSite("Sec-Fetch-Site is \(site).")
    }
  }

  /// Why a port on loopback without tokens does not do it.
  func readOnly(_ head: HTTPRequest) -> Problem {
    let other = socket.map { "Use the unix socket \($0), or make a token" } ?? "Make a token"
    return Problem(
      .forbidden, "read-only", "this port only reads",
      detail:
        "\(head.method.rawValue) \(head.path ?? "") needs to know who asks. \(other): edgectl token create.")
  }

  private static func crossSite(_ fact: String) -> Problem {
    Problem(
      .forbidden, "cross-site", "a page of another site may not call this API", detail: fact)
  }

  /// A field that the library has no name for.
  private static func field(_ canonicalName: String, of head: HTTPRequest) -> String? {
    head.headerFields.first { $0.name.canonicalName == canonicalName }?.value
  }

  /// Without the port.
  private static func host(of authority: String) -> String {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
    return String(authority.prefix { $0 != ":" })
  }
}
