// SPDX-License-Identifier: Apache-2.0

/// What a plain scalar means: the core schema of YAML 1.2.
enum YAMLScalar {
  /// Nil for a number that no JSON number can hold (`.inf`, `.nan`, 1e999).
  static func resolve(_ bytes: UnsafeBufferPointer<UInt8>) -> YAMLNode.Content? {
    guard let first = bytes.first else { return .null }
    switch first {
    case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"):
      if isOne(bytes, of: "~", "null", "Null", "NULL") { return .null }
    case UInt8(ascii: "t"), UInt8(ascii: "T"):
      if isOne(bytes, of: "true", "True", "TRUE") { return .bool(true) }
    case UInt8(ascii: "f"), UInt8(ascii: "F"):
      if isOne(bytes, of: "false", "False", "FALSE") { return .bool(false) }
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
      if let number = resolveNumber(bytes) { return number }
      if isSpecialNumber(bytes) || isDecimal(bytes) { return nil }
    default: break
    }
    return .string(String(decoding: bytes, as: UTF8.self))
  }

  /// Nil when it is no number, or none of finite size.
  static func resolveNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> YAMLNode.Content? {
    if bytes.count > 2, bytes[0] == UInt8(ascii: "0") {
      let digits = String(decoding: bytes[2...], as: UTF8.self)
      let isSigned = bytes[2] == UInt8(ascii: "-") || bytes[2] == UInt8(ascii: "+")
      if bytes[1] == UInt8(ascii: "x") { return isSigned ? nil : Int64(digits, radix: 16).map { .int($0) } }
      if bytes[1] == UInt8(ascii: "o") { return isSigned ? nil : Int64(digits, radix: 8).map { .int($0) } }
    }
    guard isDecimal(bytes) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    if let whole = Int64(text) { return .int(whole) }
    guard let number = Double(text), number.isFinite else { return nil }
    return .number(number)
  }

  /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
  private static func isDecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var at = 0
    func digits() -> Int {
      let start = at
      while at < bytes.count, bytes[at] >= UInt8(ascii: "0"), bytes[at] <= UInt8(ascii: "9") { at += 1 }
      return at - start
    }
    func take(_ one: UInt8, _ other: UInt8) -> Bool {
      guard at < bytes.count, bytes[at] == one || bytes[at] == other else { return false }
      at += 1
      return true
    }
    _ = take(UInt8(ascii: "-"), UInt8(ascii: "+"))
    let whole = digits()
    var fraction = 0
    if take(UInt8(ascii: "."), UInt8(ascii: ".")) { fraction = digits() }
    guard whole + fraction > 0 else { return false }
    if take(UInt8(ascii: "e"), UInt8(ascii: "E")) {
      _ = take(UInt8(ascii: "-"), UInt8(ascii: "+"))
      guard digits() > 0 else { return false }
    }
    return at == bytes.count
  }

  private static func isSpecialNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let sign = bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") ? 1 : 0
    let rest = UnsafeBufferPointer(rebasing: bytes[sign...])
    return isOne(rest, of: ".inf", ".Inf", ".INF") || isOne(bytes, of: ".nan", ".NaN", ".NAN")
  }

  private static func isOne(_ bytes: UnsafeBufferPointer<UInt8>, of words: StaticString...) -> Bool {
    words.contains { word in
      bytes.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }
  }
}
