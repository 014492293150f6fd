// SPDX-License-Identifier: Apache-2.0
import Config
import JSON
import TestSupport
import Testing

@Suite struct YAMLWriterTests {
  @Test func `writes what people like to read`() throws {
    let json = try JSON.parse(
      """
      {"kind":"Device","metadata":{"name":"pump-1","labels":{"line":"3","on":"yes"}},"empty":{},"none":[],
      "list":[{"a":1,"b":[true,null]},[1.5,"x"],"two words"],"text":"first\\nsecond\\n","url":"tcp://127.0.0.1:1883"}
      """)
    #expect(
      YAMLWriter.text(of: json) == """
        kind: Device
        metadata:
          name: pump-1
          labels:
            line: "3"
            "on": "yes"
        empty: {}
        none: []
        list:
        - a: 1
          b:
          - true
          - null
        - - 1.5
          - x
        - two words
        text: |
          first
          second
        url: tcp://127.0.0.1:1883

        """)
  }

  @Test(arguments: [
    ("", "\"\""), ("true", "\"true\""), ("No", "\"No\""), ("y", "\"y\""), ("~", "\"~\""),
    ("null", "\"null\""),
    ("12", "\"12\""), ("1e5", "\"1e5\""), ("0x1f", "\"0x1f\""), ("1:20", "\"1:20\""),
    ("2026-01-01", "\"2026-01-01\""),
    (".inf", "\".inf\""), ("-x", "\"-x\""), ("a: b", "\"a: b\""), ("a #b", "\"a #b\""), ("a#b", "a#b"),
    ("a:b", "a:b"),
    ("a:", "\"a:\""), ("a ", "\"a \""), (" a", "\" a\""), ("*a", "\"*a\""), ("tab\t", "\"tab\\t\""),
    ("\u{7}", "\"\\u0007\""), ("\u{2028}", "\"\\u2028\""), ("é", "é"), ("😀", "😀"), ("a\"b\\", "a\"b\\"),
    ("\"b\\", "\"\\\"b\\\\\""), ("5V", "5V"), ("---", "\"---\""), ("a: \u{301}", "\"a: \u{301}\""),
  ])
  func `quotes where it must`(text: String, yaml: String) throws {
    #expect(YAMLWriter.text(of: .string(text)) == yaml + "\n")
    #expect(try YAMLNode.parse("k: " + yaml, file: "t").first?["k"]?.json == .string(text))
  }

  @Test func `writes several documents`() throws {
    var writer = YAMLWriter()
    writer.document(["a": 1])
    writer.document([])
    writer.document("x")
    #expect(writer.text == "a: 1\n---\n[]\n---\nx\n")
  }

  @Test func `gives back random trees as they were`() throws {
    var generator = SplitMix(seed: 3)
    for _ in 0..<3_000 {
      let json: JSON = ["root": Self.random(depth: 0, &generator)]
      let text = YAMLWriter.text(of: json)
      let back = try #require(try YAMLNode.parse(text, file: "t.yaml").first, "\(text)")
      #expect(back.json == json, "\(text)")
    }
  }

  @Test func `takes keys of any length`() throws {
    let json: JSON = [String(repeating: "k", count: 2_000): ["a": [1]], "b": 2]
    #expect(try YAMLNode.parse(YAMLWriter.text(of: json), file: "t").first?.json == json)
  }

  private static func random(depth: Int, _ generator: inout SplitMix) -> JSON {
    switch Int.random(in: 0..<(depth < 5 ? 9 : 6), using: &generator) {
    case 0: return .null
    case 1: return .bool(.random(using: &generator))
    case 2: return .int(.random(in: -1_000...1_000, using: &generator))
    case 3: return .number(Double.random(in: -1...1, using: &generator) + 0.000_1)
    case 4, 5: return .string(text(&generator))
    case 6:
      return .array(
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in random(depth: depth + 1, &generator) })
    default:
      var members = JSON.Members()
      for _ in 0..<Int.random(in: 0...3, using: &generator) {
        members[text(&generator)] = random(depth: depth + 1, &generator)
      }
      return .object(members)
    }
  }

  private static func text(_ generator: inout SplitMix) -> String {
    let scalars = Array(
      "ab-:# \n'\"\\{}[],&*!|>%@`?01.\t~=_<\u{85}\u{2029}é\u{301}\u{FEFF}😀\u{0}".unicodeScalars)
    var text = ""
    for _ in 0..<Int.random(in: 0...8, using: &generator) {
      text.unicodeScalars.append(scalars.randomElement(using: &generator) ?? "a")
    }
    return text
  }
}
