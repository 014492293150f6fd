// SPDX-License-Identifier: Apache-2.0

/// A piece of a condition's text, and the column at which it begins (1 is the first character).
struct ConditionToken: Equatable {
  enum Kind: Equatable {
    /// Letters, digits and what names have; numbers, times and words begin as one.
    case word(String)
    case quoted(String)
    /// `=`, `<=`, `(`, `,` …
    case sign(String)
    case end
  }

  var kind: Kind
  var column: Int
  /// For messages.
  var text: String {
    switch kind {
    case .word(let word): word
    case .quoted(let text): "\"\(text)\""
    case .sign(let sign): sign
    case .end: "the end"
    }
  }
}

/// Why a condition or a sort key cannot be read.
struct ConditionError: Error, Equatable {
  let column: Int
  let found: String
  let expected: String
}

struct ConditionScanner {
  private let text: [Unicode.Scalar]
  private var place = 0

  init(_ text: String) { self.text = Array(text.unicodeScalars) }

  mutating func next() throws(ConditionError) -> ConditionToken {
    while place < text.count, text[place] == " " || text[place] == "\t" { place += 1 }
    let column = place + 1
    guard place < text.count else { return ConditionToken(kind: .end, column: column) }
    let first = text[place]
    if first == "\"" || first == "'" { return try quoted(by: first) }
    if first == "." { return try dot() }
    if Self.isWord(first) {
      let start = place
      while place < text.count, Self.isWord(text[place]) || text[place] == "." { place += 1 }
      // `labels."a b"`: the dot belongs to what follows.
      if text[place - 1] == ".", place < text.count, text[place] == "\"" || text[place] == "'" { place -= 1 }
      return ConditionToken(kind: .word(Self.string(text[start..<place])), column: column)
    }
    for sign in ["<=", ">=", "!=", "==", "=", "<", ">", "(", ")", ","] {
      let scalars = Array(sign.unicodeScalars)
      if text[place...].starts(with: scalars) {
        place += scalars.count
        return ConditionToken(kind: .sign(sign == "==" ? "=" : sign), column: column)
      }
    }
    throw ConditionError(
      column: column, found: Self.string(text[place...place]),
      expected: "a name, a value, a comparison, a parenthesis or a comma")
  }

  private mutating func dot() throws(ConditionError) -> ConditionToken {
    let column = place + 1
    place += 1
    return ConditionToken(kind: .sign("."), column: column)
  }

  /// A backslash takes the next character as it is.
  private mutating func quoted(by mark: Unicode.Scalar) throws(ConditionError) -> ConditionToken {
    let column = place + 1
    var result: [Unicode.Scalar] = []
    place += 1
    while place < text.count, text[place] != mark {
      if text[place] == "\\", place + 1 < text.count { place += 1 }
      result.append(text[place])
      place += 1
    }
    guard place < text.count else {
      throw ConditionError(
        column: column, found: String(Character(mark)), expected: "a second \(mark) that ends the text")
    }
    place += 1
    return ConditionToken(kind: .quoted(Self.string(result[...])), column: column)
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "-", "+", "/", ":", "@", "#": true
    default: scalar.value >= 0x80
    }
  }
}
