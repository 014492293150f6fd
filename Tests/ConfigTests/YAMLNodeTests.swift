// SPDX-License-Identifier: Apache-2.0
import Config
import JSON
import TestSupport
import Testing

@Suite struct YAMLNodeTests {
  /// The only document of a text, as JSON text.
  private func json(_ text: String) throws -> String? {
    let documents = try YAMLNode.parse(text, file: "t.yaml")
    #expect(documents.count <= 1)
    return documents.first?.json.text
  }

  private func failure(_ text: String) -> String? {
    do {
      _ = try YAMLNode.parse(text, file: "t.yaml")
      return nil
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    ("true", "true"), ("False", "false"), ("yes", "\"yes\""), ("on", "\"on\""), ("Null", "null"),
    ("12", "12"), ("-0", "0"), ("+7", "7"), ("010", "10"), ("0x1F", "31"), ("0o17", "15"), ("0x", "\"0x\""),
    ("1.5", "1.5"), (".5", "0.5"), ("5.", "5"), ("1e3", "1000"), ("1e", "\"1e\""), ("-x", "\"-x\""),
    ("1_000", "\"1_000\""), ("12:30:45", "\"12:30:45\""), ("2026-01-01", "\"2026-01-01\""),
    ("127.0.0.1", "\"127.0.0.1\""), ("9223372036854775808", "9.223372036854776e+18"),
    ("\"12\"", "\"12\""), ("'true'", "\"true\""), ("''", "\"\""), ("~x", "\"~x\""), ("0x-1", "\"0x-1\""),
    ("!!str 12", "\"12\""), ("!!int \"12\"", "12"), ("!!float 3", "3"), ("! 12", "\"12\""),
  ])
  func `resolves plain scalars by the core schema, and quoted ones as texts`(yaml: String, expected: String)
    throws
  {
    #expect(try json("k: " + yaml) == "{\"k\":\(expected)}")
  }

  @Test(arguments: [
    "{\"a\":[1,2.5,\"x\"],\"b\":{\"c\":null}}", "{\"a\\/b\":\"\\u00e9\\ud83d\\ude00\"}",
    "{\n\t\"a\": 1,\n\t\"b\": [\n\t\t2\n\t]\n}", "[\"\\\\ud83d\", \"tab\\there\"]", "{\"a\":\"\\ud83d!\"}",
  ])
  func `reads JSON texts as the JSON parser does`(text: String) throws {
    #expect(try json(text) == JSON.parse(text).text)
  }

  @Test func `reads several documents and leaves empty ones out`() throws {
    let documents = try YAMLNode.parse(
      "%YAML 1.1\n---\na: 1\n---\n# nothing\n---\n- b\n...\n", file: "t.yaml")
    #expect(documents.map(\.json.text) == ["{\"a\":1}", "[\"b\"]"])
    #expect(documents.map { Int($0.line) } == [3, 7])
    #expect(try YAMLNode.parse("", file: "t.yaml").isEmpty)
    #expect(try YAMLNode.parse("# comment\n", file: "t.yaml").isEmpty)
  }

  @Test func `knows line and column of every node`() throws {
    let text = "a:\n  - x\n  - {b: 2}\nlong: |\n  text\n"
    let root = try #require(try YAMLNode.parse(text, file: "t.yaml").first)
    guard case .mapping(let entries) = root.content, case .sequence(let items)? = root["a"]?.content else {
      Issue.record("not a mapping with a list")
      return
    }
    #expect(entries.map { "\($0.key) \($0.line):\($0.column)" } == ["a 1:1", "long 4:1"])
    #expect(items.map { "\($0.line):\($0.column)" } == ["2:5", "3:5"])
    #expect(items.last?["b"].map { "\($0.line):\($0.column)" } == "3:9")
  }

  @Test func `reads block texts, folded texts and comments`() throws {
    let text = "a: |\n  one\n\n  two\nb: >-\n  one\n  two # no comment\nc: x # comment\nd: \"a\\\n  b\"\n"
    #expect(
      try json(text) == "{\"a\":\"one\\n\\ntwo\\n\",\"b\":\"one two # no comment\",\"c\":\"x\",\"d\":\"ab\"}")
  }

  @Test func `resolves anchors and merges mappings`() throws {
    let text = "base: &b {x: 1, y: [2]}\nuse: *b\nmore: {<<: *b, x: 3}\nlist: {<<: [*b, {z: 4}]}\n"
    #expect(
      try json(text)
        == "{\"base\":{\"x\":1,\"y\":[2]},\"use\":{\"x\":1,\"y\":[2]},\"more\":{\"x\":3,\"y\":[2]},"
        + "\"list\":{\"x\":1,\"y\":[2],\"z\":4}}")
  }

  @Test func `keeps windows line ends and a byte order mark out of the values`() throws {
    #expect(try json("\u{FEFF}a: 1\r\nb: x\r\n") == "{\"a\":1,\"b\":\"x\"}")
  }

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: duplicate key \"a\", first in line 1"),
    ("{\"a\": 1, \"a\": 2}", "t.yaml:1:10: duplicate key \"a\", first in line 1"),
    ("a: *nowhere", "t.yaml:1:4: unknown anchor \"nowhere\""),
    ("a: &x [*x]", "t.yaml:1:8: unknown anchor \"x\""),
    ("a: .inf", "t.yaml:1:4: .inf is no number that JSON has; quote it if it is a text"),
    ("a: 1e999", "t.yaml:1:4: 1e999 is no number that JSON has; quote it if it is a text"),
    ("a: -.Inf", "t.yaml:1:4: -.Inf is no number that JSON has; quote it if it is a text"),
    ("a: !secret x", "t.yaml:1:4: \"x\" cannot have the tag !secret"),
    ("a: !!int x", "t.yaml:1:4: \"x\" cannot have the tag tag:yaml.org,2002:int"),
    ("a: !thing {b: 1}", "t.yaml:1:4: the tag !thing is not supported"),
    ("? [a]\n: 1", "t.yaml:1:3: a key must be a text"),
    ("a: {<<: 3}", "t.yaml:1:9: \"<<\" merges mappings only"),
    ("a:\n  b: 1\n c: 2\n", "t.yaml:3:2: did not find expected key while parsing a block mapping"),
    ("a: [1, 2\n", "t.yaml:2:1: did not find expected ',' or ']' while parsing a flow sequence"),
    ("a: \"x", "t.yaml:1:6: found unexpected end of stream while scanning a quoted scalar"),
    (
      "a: 1\n\tb: 2\n",
      "t.yaml:2:1: found a tab character that violates indentation while scanning a plain scalar"
    ),
    ("a: x\u{1}", "t.yaml:1:5: control characters are not allowed"),
  ])
  func `says what is wrong and where`(text: String, message: String) {
    #expect(failure(text) == message)
  }

  @Test func `names the place of bytes that are no UTF-8`() {
    // "a: é" with é in Latin-1.
    let bytes: [UInt8] = [0x61, 0x3A, 0x20, 0x31, 0x0A, 0x62, 0x3A, 0x20, 0xE9]
    #expect(throws: YAMLError(file: "t.yaml", line: 2, column: 4, reason: "incomplete UTF-8 octet sequence"))
    {
      try YAMLNode.parse(bytes, file: "t.yaml")
    }
  }

  @Test func `finds duplicates in large mappings too`() {
    let lines = (0..<100).map { "k\($0): 1" } + ["k7: 2"]
    #expect(failure(lines.joined(separator: "\n")) == "t.yaml:101:1: duplicate key \"k7\", first in line 8")
  }

  @Test func `bounds nesting, also through aliases`() {
    #expect(
      failure(String(repeating: "[", count: 900) + String(repeating: "]", count: 900))
        == "t.yaml:1:65: nested too deeply")
    #expect(failure(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) == nil)
    let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
    let nest = String(repeating: "[", count: 30) + "*d" + String(repeating: "]", count: 30)
    #expect(failure("a: &d \(deep)\nb: \(nest)\n") == "t.yaml:2:34: nested too deeply")
  }

  @Test func `bounds what aliases can blow up`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let alias = "*a\(level - 1)"
      text += "a\(level): &a\(level) [" + Array(repeating: alias, count: 10).joined(separator: ", ") + "]\n"
    }
    #expect(failure(text) == "t.yaml:5:45: aliases make the text too large")
  }

  @Test func `survives random bytes and broken texts`() {
    var generator = SplitMix(seed: 7)
    let pieces = Array("{}[]:,-?&*!|>'\"%@`#\n\n  \t\\~<abx019.eE+_\u{0}\u{7F}é".utf8)
    let sample = Array("a: &x [1, {b: 'c'}]\n\"d\": *x\n? e\n: |-\n  f\n---\n- !!str 1\n".utf8)
    for round in 0..<20_000 {
      var bytes: [UInt8]
      switch round % 3 {
      case 0:
        bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
      case 1:
        bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
          pieces.randomElement(using: &generator) ?? 0
        }
      default:
        bytes = sample
        for _ in 0...3 {
          let place = Int.random(in: 0..<bytes.count, using: &generator)
          bytes[place] = pieces.randomElement(using: &generator) ?? 0
        }
      }
      if let documents = try? YAMLNode.parse(bytes, file: "t.yaml") {
        for document in documents { #expect(document.json.kind.isEmpty == false) }
      }
    }
  }
}
