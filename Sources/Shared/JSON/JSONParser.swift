// SPDX-License-Identifier: Apache-2.0

extension JSON {
  /// Nesting beyond this is refused, so that no input can exhaust the stack.
  package static let maximumDepth = 64

  /// Reads one JSON text (RFC 8259), strictly, with nothing but white space around it.
  package static func parse(_ text: String) throws(JSONError) -> JSON {
    try parse(Array(text.utf8))
  }

  package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
    let result = bytes.withUnsafeBufferPointer { parsing($0) }
    return try result.get()
  }

  /// The bytes are read during the call only.
  package static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSON {
    try parsing(bytes.assumingMemoryBound(to: UInt8.self)).get()
  }

  private static func parsing(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<JSON, JSONError> {
    var parser = JSONParser(bytes)
    do throws(JSONError) {
      return .success(try parser.document())
    } catch {
      return .failure(error)
    }
  }
}

/// A recursive descent over bytes that somebody else keeps alive.
private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  var at = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func document() throws(JSONError) -> JSON {
    skipSpace()
    let value = try value(depth: 0)
    skipSpace()
    guard at == bytes.count else { throw JSONError("text after the value", at: at) }
    return value
  }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return
      }
    }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth < JSON.maximumDepth else { throw JSONError("nested too deeply", at: at) }
    guard let byte = next else { throw JSONError("unexpected end", at: at) }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw JSONError("unexpected character", at: at)
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let length = word.utf8CodeUnitCount
    guard at + length <= bytes.count else { throw JSONError("unexpected end", at: bytes.count) }
    for index in 0..<length where bytes[at + index] != word.utf8Start[index] {
      throw JSONError("unexpected character", at: at + index)
    }
    at += length
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSON {
    at += 1
    var members: [JSON.Members.Member] = []
    skipSpace()
    if next == UInt8(ascii: "}") {
      at += 1
      return .object(.init(members))
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else {
        throw JSONError(next == nil ? "unexpected end" : "expected a member name", at: at)
      }
      let name = try string()
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw JSONError("expected ':'", at: at) }
      at += 1
      skipSpace()
      members.append(.init(name: name, value: try value(depth: depth + 1)))
      skipSpace()
      if next == UInt8(ascii: ",") {
        at += 1
      } else if next == UInt8(ascii: "}") {
        at += 1
        return .object(.init(members))
      } else {
        throw JSONError(next == nil ? "unexpected end" : "expected ',' or '}'", at: at)
      }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSON {
    at += 1
    var elements: [JSON] = []
    skipSpace()
    if next == UInt8(ascii: "]") {
      at += 1
      return .array(elements)
    }
    while true {
      skipSpace()
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if next == UInt8(ascii: ",") {
        at += 1
      } else if next == UInt8(ascii: "]") {
        at += 1
        return .array(elements)
      } else {
        throw JSONError(next == nil ? "unexpected end" : "expected ',' or ']'", at: at)
      }
    }
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = at
    var whole = true
    if next == UInt8(ascii: "-") { at += 1 }
    guard let first = next, isDigit(first) else { throw JSONError("expected a digit", at: at) }
    at += 1
    if first != UInt8(ascii: "0") {
      skipDigits()
    } else if let byte = next, isDigit(byte) {
      throw JSONError("a number may not begin with 0", at: at)
    }
    if next == UInt8(ascii: ".") {
      whole = false
      at += 1
      guard let byte = next, isDigit(byte) else { throw JSONError("expected a digit", at: at) }
      skipDigits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      whole = false
      at += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
      guard let byte = next, isDigit(byte) else { throw JSONError("expected a digit", at: at) }
      skipDigits()
    }
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self)
    if whole, let value = Int64(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw JSONError("the number is out of range", at: start)
    }
    return .number(value)
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  private mutating func skipDigits() {
    while at < bytes.count, isDigit(bytes[at]) { at += 1 }
  }

  private mutating func string() throws(JSONError) -> String {
    at += 1
    let start = at
    // Most strings have no escape: then the bytes are taken as they are.
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        let slice = UnsafeBufferPointer(rebasing: bytes[start..<at])
        guard let text = String(validating: slice, as: UTF8.self) else {
          throw JSONError("the string is not UTF-8", at: start)
        }
        at += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      if byte < 0x20 { throw JSONError("a control character in a string", at: at) }
      at += 1
    }
    throw JSONError("unexpected end", at: at)
  }

  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var text = Array(bytes[start..<at])
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        at += 1
        guard let string = String(validating: text, as: UTF8.self) else {
          throw JSONError("the string is not UTF-8", at: start)
        }
        return string
      }
      if byte < 0x20 { throw JSONError("a control character in a string", at: at) }
      if byte != UInt8(ascii: "\\") {
        text.append(byte)
        at += 1
        continue
      }
      at += 1
      guard let escape = next else { break }
      at += 1
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
      default: throw JSONError("unknown escape", at: at - 1)
      }
    }
    throw JSONError("unexpected end", at: at)
  }

  /// `\uXXXX`, with its pair where it is half of one; a lone surrogate becomes U+FFFD.
  private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let unit = try hexUnit()
    if let scalar = Unicode.Scalar(UInt32(unit)) { return scalar }
    let replacement: Unicode.Scalar = "\u{FFFD}"
    guard unit < 0xDC00, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
      bytes[at + 1] == UInt8(ascii: "u")
    else { return replacement }
    let mark = at
    at += 2
    let low = try hexUnit()
    guard (0xDC00...0xDFFF).contains(low) else {
      at = mark
      return replacement
    }
    let code = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
    return Unicode.Scalar(code) ?? replacement
  }

  private mutating func hexUnit() throws(JSONError) -> UInt16 {
    guard at + 4 <= bytes.count else { throw JSONError("unexpected end", at: bytes.count) }
    var unit: UInt16 = 0
    for _ in 0..<4 {
      let byte = bytes[at]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw JSONError("expected a hexadecimal digit", at: at)
      }
      unit = unit << 4 | UInt16(digit)
      at += 1
    }
    return unit
  }
}
