// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Reads conditions and sort keys.
struct ConditionParser {
  /// Bytes of a condition.
  static let longest = 2000
  /// Parentheses and `not` within each other.
  static let deepest = 32
  /// Values of one `in`.
  static let mostValues = 100

  private var scanner: ConditionScanner
  private var token: ConditionToken
  private var depth = 0

  private init(_ text: String) throws(ConditionError) {
    guard text.utf8.count <= Self.longest else {
      throw ConditionError(
        column: 1, found: "\(text.utf8.count) bytes", expected: "at most \(Self.longest) bytes")
    }
    scanner = ConditionScanner(text)
    token = try scanner.next()
  }

  static func condition(_ text: String) throws(ConditionError) -> Condition {
    var parser = try ConditionParser(text)
    let condition = try parser.alternatives()
    guard parser.token.kind == .end else { throw parser.expected("and, or, or the end") }
    return condition
  }

  /// `-temperature.reported,name`: the first key counts most; a minus turns its order around.
  static func sortKeys(_ text: String) throws(ConditionError) -> [SortKey] {
    var parser = try ConditionParser(text)
    var keys: [SortKey] = []
    while true {
      var isDescending = false
      if case .word(let word) = parser.token.kind, word.hasPrefix("-") {
        isDescending = true
        let rest = String(word.dropFirst())
        if rest.isEmpty {
          try parser.advance()
        } else {
          parser.token = ConditionToken(kind: .word(rest), column: parser.token.column + 1)
        }
      }
      keys.append(SortKey(operand: try parser.operand(), isDescending: isDescending))
      guard keys.count <= SortKey.most else { throw parser.expected("at most \(SortKey.most) keys") }
      if parser.token.kind == .end { return keys }
      guard parser.token.kind == .sign(",") else { throw parser.expected("a comma or the end") }
      try parser.advance()
    }
  }

  // MARK: Structure

  private mutating func alternatives() throws(ConditionError) -> Condition {
    var all = [try conjunction()]
    while isWord("or") {
      try advance()
      all.append(try conjunction())
    }
    return all.count == 1 ? all[0] : .or(all)
  }

  private mutating func conjunction() throws(ConditionError) -> Condition {
    var all = [try factor()]
    while isWord("and") {
      try advance()
      all.append(try factor())
    }
    return all.count == 1 ? all[0] : .and(all)
  }

  private mutating func factor() throws(ConditionError) -> Condition {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw expected("at most \(Self.deepest) of 'not' and '(' within each other")
    }
    if isWord("not") {
      try advance()
      return .not(try factor())
    }
    if token.kind == .sign("(") {
      try advance()
      let condition = try alternatives()
      guard token.kind == .sign(")") else { throw expected("and, or, or )") }
      try advance()
      return condition
    }
    return try comparison()
  }

  private mutating func comparison() throws(ConditionError) -> Condition {
    let operand = try operand()
    if case .sign(let sign) = token.kind, let comparison = Condition.Comparison(rawValue: sign) {
      try advance()
      return .compare(operand, comparison, try literal(for: operand))
    }
    if isWord("like") {
      try advance()
      guard !operand.isAge, case .text(let pattern) = try literal(for: .field(.name)) else {
        throw expected("a text to compare")
      }
      return .isLike(operand, Glob(pattern))
    }
    var isNegative = false
    if isWord("not") {
      try advance()
      guard isWord("in") else { throw expected("in") }
      isNegative = true
    }
    guard isWord("in") else { return .holds(operand) }
    try advance()
    guard token.kind == .sign("(") else { throw expected("(") }
    var literals: [Scalar] = []
    repeat {
      try advance()
      literals.append(try literal(for: operand))
      guard literals.count <= Self.mostValues else { throw expected("at most \(Self.mostValues) values") }
    } while token.kind == .sign(",")
    guard token.kind == .sign(")") else { throw expected("a comma or )") }
    try advance()
    return isNegative ? .not(.isOneOf(operand, literals)) : .isOneOf(operand, literals)
  }

  // MARK: Operands and values

  private static let operands =
    "a property with .reported, .desired, .quality, .age, .state or .inSync, labels.KEY, link.state, "
    + "link.reason, link.age, namespace, name, model, protocol, desiredVersion or reportedVersion"

  private mutating func operand() throws(ConditionError) -> Operand {
    switch token.kind {
    case .quoted(let name):
      try advance()
      guard token.kind == .sign(".") else { throw expected(". and what of the property") }
      try advance()
      guard case .word(let word) = token.kind, let attribute = Operand.Attribute(rawValue: word) else {
        throw expected(Self.attributes)
      }
      try advance()
      return .property(name, attribute)
    case .word(let word):
      if word == "labels" {
        try advance()
        guard token.kind == .sign(".") else { throw expected(". and the key of a label") }
        try advance()
        guard case .quoted(let key) = token.kind else { throw expected("the key of a label") }
        try advance()
        return .label(key)
      }
      guard let operand = Self.operand(word) else { throw expected(Self.operands) }
      try advance()
      return operand
    case .sign, .end: throw expected(Self.operands)
    }
  }

  private static let attributes =
    "one of " + Operand.Attribute.allCases.map(\.rawValue).joined(separator: ", ")

  private static func operand(_ word: String) -> Operand? {
    if let field = Operand.Field(rawValue: word) { return .field(field) }
    if word.hasPrefix("labels."), word.utf8.count > 7 { return .label(String(word.dropFirst(7))) }
    guard let dot = word.lastIndex(of: "."), dot > word.startIndex,
      let attribute = Operand.Attribute(rawValue: String(word[word.index(after: dot)...]))
    else { return nil }
    return .property(String(word[..<dot]), attribute)
  }

  private mutating func literal(for operand: Operand) throws(ConditionError) -> Scalar {
    let literal: Scalar?
    switch token.kind {
    case .quoted(let text): literal = operand.isAge ? nil : .text(text)
    case .word(let word): literal = operand.isAge ? Self.age(word) : Self.plain(word)
    case .sign, .end: literal = nil
    }
    guard let literal else {
      throw expected(
        operand.isAge
          ? "a time such as 500ms, 30s, 5m or 1h" : "a number, true, false, a word or a text in quotes")
    }
    if let words = operand.words {
      guard case .text(let text) = literal, words.contains(text) else {
        throw expected("one of " + words.joined(separator: ", "))
      }
    }
    try advance()
    return literal
  }

  private static func age(_ word: String) -> Scalar? {
    guard let time = Duration(parsing: word) else { return nil }
    return .number(Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18)
  }

  private static func plain(_ word: String) -> Scalar {
    if word == "true" || word == "false" { return .bool(word == "true") }
    if let number = Int64(word) { return .int(number) }
    // Words such as "nan" and "0x10" are words.
    let first = word.utf8.first.map {
      $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") ? word.utf8.dropFirst().first ?? 0 : $0
    }
    if let first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first), !word.lowercased().contains("x"),
      let number = Double(word), number.isFinite
    {
      return .number(number)
    }
    return .text(word)
  }

  // MARK: Tokens

  private func isWord(_ word: String) -> Bool { token.kind == .word(word) }

  private mutating func advance() throws(ConditionError) { token = try scanner.next() }

  private func expected(_ what: String) -> ConditionError {
    ConditionError(column: token.column, found: String(token.text.prefix(64)), expected: what)
  }
}
