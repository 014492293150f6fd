// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// Takes secrets out of what leaves the node: values whose key says that they are secret, wherever else the same text
/// stands, and what looks like a secret by its form. It rather hides too much.
struct Redactor {
  static let mark = "(hidden)"

  /// Values that were hidden under a key, to be found again in logs and messages.
  private(set) var secrets: Set<String> = []

  /// Shorter ones would tear holes into other words.
  private static let shortest = 5

  // MARK: - Keys

  private static let parts = [
    "password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "privatekey",
    "accesskey",
    "authkey", "sharedkey", "presharedkey", "encryptionkey", "psk", "authorization", "cookie",
    "community",
  ]
  private static let wholes: Set = ["pass", "pwd", "pin", "key", "auth", "otp"]
  /// What such a key may end with and yet be none: a path, a switch, a time.
  private static let harmless = [
    "file", "path", "folder", "dir", "required", "enable", "enabled", "expires", "schema",
  ]

  /// Whether a key names a secret.
  static func isSecret(_ key: some StringProtocol) -> Bool {
    let name = String(
      key.lowercased().unicodeScalars.filter { ("a"..."z").contains($0) }.map(Character.init))
    if harmless.contains(where: name.hasSuffix) { return false }
    return wholes.contains(name) || parts.contains { name.containsText($0) }
  }

  // MARK: - Documents

  mutating func hide(_ json: JSON, isSecret: Bool = false) -> JSON {
    switch json {
    case .object(let members):
      var hidden = JSON.Members()
      for member in members {
        hidden.append(
          member.name, hide(member.value, isSecret: isSecret || Self.isSecret(member.name)))
      }
      return .object(hidden)
    case .array(let items):
      return .array(items.map { hide($0, isSecret: isSecret) })
    case .string(let text) where isSecret && !text.isEmpty:
      remember(text)
      return .string(Self.mark)
    case .int, .number:
      guard isSecret else { return json }
      remember(json.text)
      return .string(Self.mark)
    case .string(let text):
      return .string(hide(text))
    default:
      return json
    }
  }

  mutating func remember(_ secret: String) {
    if secret.utf8.count >= Self.shortest { secrets.insert(secret) }
  }

  // MARK: - Text

  func hide(_ text: String) -> String {
    var text = text
    // The longest first, since one may be a part of another.
    for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) {
      text = text.replacingText(secret, with: Self.mark)
    }
    var isInKey = false
    var lines: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.containsText("-----BEGIN"), line.containsText("PRIVATE KEY") {
        isInKey = true
        lines.append(Self.mark)
      }
      if !isInKey { lines.append(Self.hide(line: String(line))) }
      if line.containsText("-----END") { isInKey = false }
    }
    return lines.joined(separator: "\n")
  }

  private static func hide(line: String) -> String {
    guard line.contains(where: { $0 == ":" || $0 == "=" || $0 == "_" || $0 == " " }) else {
      return line
    }
    return pairs(in: bearers(in: users(in: line)))
  }

  /// `scheme://user:password@host`
  private static func users(in line: String) -> String {
    var result = ""
    var rest = Substring(line)
    while let place = rest.rangeOfText("://") {
      result += rest[..<place.upperBound]
      rest = rest[place.upperBound...]
      let end = rest.firstIndex { $0.isWhitespace || "/\"'<>".contains($0) } ?? rest.endIndex
      if let at = rest[..<end].lastIndex(of: "@") {
        result += mark
        rest = rest[at...]
      }
    }
    return result + rest
  }

  /// Tokens of ours, and what follows `Bearer` and `Basic`.
  private static func bearers(in line: String) -> String {
    var line = line
    for (start, isKept) in [
      ("sel_", false), ("Bearer ", true), ("bearer ", true), ("Basic ", true),
    ] {
      var result = ""
      var rest = Substring(line)
      while let place = rest.rangeOfText(start) {
        let end = rest[place.upperBound...].firstIndex { !isTokenCharacter($0) } ?? rest.endIndex
        let isLong = rest.distance(from: place.upperBound, to: end) >= 8
        result += rest[..<(isKept || !isLong ? place.upperBound : place.lowerBound)]
        result += isLong ? mark : String(rest[place.upperBound..<end])
        rest = rest[end...]
      }
      line = result + rest
    }
    return line
  }

  private static func isTokenCharacter(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "-_.~+/=".contains(character))
  }

  /// `password=x`, `"secret": "x"`, `pin: 1`
  private static func pairs(in line: String) -> String {
    var result = ""
    var rest = Substring(line)
    while let sign = rest.firstIndex(where: { $0 == "=" || $0 == ":" }) {
      let before = rest[..<sign].reversed().drop { $0 == "\"" || $0 == "'" || $0 == " " }
      let key = String(
        before.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
          .reversed())
      let after = rest.index(after: sign)
      result += rest[..<after]
      rest = rest[after...]
      // Of a path of keys the last one counts: a list of tokens has other members.
      let name = key.split(separator: ".").last ?? ""
      guard isSecret(name), name.count > 3 || result.hasSuffix("=") else { continue }
      let start = rest.firstIndex { $0 != " " } ?? rest.endIndex
      guard start < rest.endIndex else { break }
      result += rest[..<start]
      let quote = rest[start]
      let isQuoted = quote == "\"" || quote == "'"
      let value = isQuoted ? rest[rest.index(after: start)...] : rest[start...]
      let end =
        value.firstIndex { isQuoted ? $0 == quote : $0.isWhitespace || ",;}])&".contains($0) }
        ?? value.endIndex
      let isPlain =
        value[..<end].isEmpty || ["true", "false", "null", mark].contains(String(value[..<end]))
      if isQuoted { result.append(quote) }
      result += isPlain ? String(value[..<end]) : mark
      rest = rest[end...]
    }
    return result + rest
  }
}

extension StringProtocol {
  /// The standard library has this for `Regex` only.
  fileprivate func rangeOfText(_ part: String) -> Range<Index>? {
    let bytes = Array(part.utf8)
    guard let first = bytes.first else { return nil }
    var start = startIndex
    while let place = self[start...].utf8.firstIndex(of: first) {
      var end = place
      var matched = 0
      while matched < bytes.count, end < endIndex, utf8[end] == bytes[matched] {
        end = utf8.index(after: end)
        matched += 1
      }
      if matched == bytes.count { return place..<end }
      start = utf8.index(after: place)
    }
    return nil
  }

  func containsText(_ part: String) -> Bool { rangeOfText(part) != nil }

  fileprivate func replacingText(_ part: String, with other: String) -> String {
    var result = ""
    var rest = self[...]
    while let place = rest.rangeOfText(part) {
      result += rest[..<place.lowerBound]
      result += other
      rest = rest[place.upperBound...]
    }
    return result + rest
  }
}
