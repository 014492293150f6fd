// SPDX-License-Identifier: Apache-2.0
package import JSON

/// Writes JSON as YAML for people: block style, in the order of the members.
///
/// What it writes reads back the same with YAML 1.2 and with the 1.1 rules of kubectl: texts such as `on`,
/// `0x1F` or `2026-01-01` are quoted. Sequences stand at the column of their key, as kubectl prints them.
package struct YAMLWriter {
  package private(set) var text = ""

  package init() {}

  package static func text(of json: JSON) -> String {
    var writer = YAMLWriter()
    writer.document(json)
    return writer.text
  }

  /// Adds a document; from the second on after a line of `---`.
  package mutating func document(_ json: JSON) {
    if !text.isEmpty { text += "---\n" }
    switch json {
    case .object(let members) where !members.isEmpty: mapping(members, indent: 0, isInline: false)
    case .array(let elements) where !elements.isEmpty: sequence(elements, indent: 0, isInline: false)
    default:
      scalar(json, indent: 0)
      text += "\n"
    }
  }

  /// - Parameter isInline: the first member goes on in the line at hand, after a `- `.
  private mutating func mapping(_ members: JSON.Members, indent: Int, isInline: Bool) {
    var isInline = isInline
    for member in members {
      if !isInline { pad(indent) }
      isInline = false
      // libyaml and others look for the colon of a simple key within 1,024 characters only.
      if member.name.utf8.count > 250 {
        text += "? "
        append(quoted: member.name)
        text += "\n"
        pad(indent)
        text += ":"
      } else {
        append(text: member.name)
        text += ":"
      }
      value(member.value, indent: indent)
    }
  }

  private mutating func sequence(_ elements: [JSON], indent: Int, isInline: Bool) {
    var isInline = isInline
    for element in elements {
      if !isInline { pad(indent) }
      isInline = false
      text += "- "
      switch element {
      case .object(let members) where !members.isEmpty: mapping(members, indent: indent + 2, isInline: true)
      case .array(let elements) where !elements.isEmpty:
        sequence(elements, indent: indent + 2, isInline: true)
      default:
        scalar(element, indent: indent)
        text += "\n"
      }
    }
  }

  /// What follows a key and its colon.
  private mutating func value(_ json: JSON, indent: Int) {
    switch json {
    case .object(let members) where !members.isEmpty:
      text += "\n"
      mapping(members, indent: indent + 2, isInline: false)
    case .array(let elements) where !elements.isEmpty:
      text += "\n"
      sequence(elements, indent: indent, isInline: false)
    default:
      text += " "
      scalar(json, indent: indent)
      text += "\n"
    }
  }

  private mutating func scalar(_ json: JSON, indent: Int) {
    switch json {
    case .string(let string):
      if Self.canBeBlock(string) {
        append(block: string, indent: indent + 2)
      } else {
        append(text: string)
      }
    case .object: text += "{}"
    case .array: text += "[]"
    case .null, .bool, .int, .number: text += json.text
    }
  }

  private mutating func pad(_ indent: Int) { text += String(repeating: " ", count: indent) }

  private mutating func append(text string: String) {
    if Self.canBePlain(string) { text += string } else { append(quoted: string) }
  }

  private mutating func append(quoted string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      default:
        if Self.isPrintable(scalar) {
          text.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          text += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
      }
    }
    text += "\""
  }

  /// A literal block: `|`, or `|-` where the text does not end in a newline.
  private mutating func append(block string: String, indent: Int) {
    let endsInNewline = string.hasSuffix("\n")
    text += endsInNewline ? "|" : "|-"
    let lines = (endsInNewline ? string.dropLast() : string[...])
      .split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines {
      text += "\n"
      if !line.isEmpty {
        pad(indent)
        text += line
      }
    }
  }
}

extension YAMLWriter {
  /// Several lines that a literal block gives back as they are.
  private static func canBeBlock(_ string: String) -> Bool {
    guard has(string, "\n"), string.unicodeScalars.allSatisfy({ $0 == "\n" || isPrintable($0) }) else {
      return false
    }
    // A block cannot begin with white space, nor can it keep more than one newline at its end.
    guard let first = string.unicodeScalars.first, first != " ", first != "\n" else { return false }
    return !has(string, "\n\n", atEnd: true) && !has(string, " ", atEnd: true) && !has(string, " \n")
  }

  /// Whether every YAML reader takes the bare text for this string.
  private static func canBePlain(_ string: String) -> Bool {
    let scalars = string.unicodeScalars
    guard let first = scalars.first, let last = scalars.last, string.utf8.count <= 250 else { return false }
    guard isWordStart(first) || isDigit(first), last != " ", last != ":" else { return false }
    guard scalars.allSatisfy(isPrintable), !has(string, ": "), !has(string, " #") else { return false }
    if isDigit(first) || first == "." { return !looksLikeNumber(string) }
    return !words.contains(string.lowercased())
  }

  /// By bytes, since a Swift string takes a space with an accent on it for one character.
  private static func has(_ string: String, _ part: StaticString, atEnd: Bool = false) -> Bool {
    let text = Array(string.utf8)
    let part = UnsafeBufferPointer(start: part.utf8Start, count: part.utf8CodeUnitCount)
    guard text.count >= part.count else { return false }
    let last = text.count - part.count
    return (atEnd ? last...last : 0...last).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }

  private static func isWordStart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "/", "_", "$", "(", ".": true
    default: scalar.value >= 0xA1 && isPrintable(scalar)
    }
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }

  /// Wide on purpose: numbers, hexadecimal, base 60, dates and what looks like them.
  private static func looksLikeNumber(_ string: String) -> Bool {
    let lower = string.lowercased()
    if lower == ".inf" || lower == ".nan" { return true }
    return string.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"):
        true
      case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: "_"),
        UInt8(ascii: " "), UInt8(ascii: "x"), UInt8(ascii: "o"), UInt8(ascii: "T"), UInt8(ascii: "t"),
        UInt8(ascii: "Z"):
        true
      default: false
      }
    }
  }

  /// Null and the booleans, of YAML 1.1 too.
  private static let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]

  /// What YAML lets stand as it is in one line; of the rest nothing is lost, it is escaped.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: true
    case 0x10000...0x10FFFF: true
    default: false
    }
  }
}
