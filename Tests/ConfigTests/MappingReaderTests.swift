// SPDX-License-Identifier: Apache-2.0
import Config
import DeviceAPI
import JSON
import Testing

@Suite struct MappingReaderTests {
  private enum Mode: String, CaseIterable { case fast, slow }

  private func reader(_ text: String, _ log: ProblemLog) throws -> MappingReader {
    let node = try #require(try YAMLNode.parse(text, file: "t.yaml").first)
    return try #require(MappingReader(node, log: log))
  }

  @Test func `reads every kind of value`() throws {
    let log = ProblemLog(file: "t.yaml")
    let keys = try reader(
      "s: x\nb: true\ni: 5\nw: 5.0\nm: Slow\nl: [a, b]\nd: {x: y, z: }\no: {a: [1]}\nn: ~\nin: {k: 1}\nms: [{k: 2}]",
      log)
    #expect(keys.string("s") == "x")
    #expect(keys.bool("b") == true)
    #expect(keys.int("i", in: 0...9) == 5)
    #expect(keys.int("w", in: 0...9) == 5)
    #expect(keys.choice("m", of: Mode.self, ignoringCase: true) == .slow)
    #expect(keys.strings("l") == ["a", "b"])
    #expect(keys.dictionary("d") == ["x": "y", "z": ""])
    #expect(keys.object("o") == ["a": [1]])
    #expect(keys.string("n") == nil)
    #expect(keys.mapping("in")?.int("k", in: 0...9) == 1)
    #expect(keys.mappings("ms").map { $0.int("k", in: 0...9) } == [2])
    #expect(keys.string("absent") == nil)
    keys.finish()
    #expect(log.errors.isEmpty && log.warnings.isEmpty)
  }

  @Test func `collects everything that is wrong, with place and expectation`() throws {
    let log = ProblemLog(file: "t.yaml")
    let keys = try reader(
      """
      s: 12
      r: ""
      b: yes
      i: 10
      m: medium
      l: [a, 1]
      d: {x: 1}
      o: text
      in:
        ms:
        - k: x
        - 7
      other: 1
      """, log)
    _ = keys.string("s")
    _ = keys.requiredString("r", expected: "a name")
    _ = keys.requiredString("gone", expected: "a name")
    _ = keys.bool("b")
    _ = keys.int("i", in: 0...9)
    _ = keys.choice("m", of: Mode.self)
    _ = keys.strings("l")
    _ = keys.dictionary("d")
    _ = keys.object("o")
    let inner = try #require(keys.mapping("in"))
    for element in inner.mappings("ms") { _ = element.int("k", in: 1...2) }
    inner.finish()
    keys.finish()
    #expect(
      log.errors.map(\.description) == [
        "t.yaml:1: s: 12: expected a text (put it in quotes)",
        "t.yaml:2: r: \"\": expected a name",
        "t.yaml:1: gone: expected a name",
        "t.yaml:3: b: yes: expected true or false",
        "t.yaml:4: i: 10: expected a whole number from 0 to 9",
        "t.yaml:5: m: medium: expected one of fast, slow",
        "t.yaml:6: l[1]: 1: expected a text (put it in quotes)",
        "t.yaml:7: d.x: 1: expected a text (put it in quotes)",
        "t.yaml:8: o: text: expected a mapping",
        "t.yaml:12: in.ms[1]: 7: expected a mapping",
        "t.yaml:11: in.ms[0].k: x: expected a whole number from 1 to 2",
        "t.yaml:13: other: expected one of the known keys: b, d, gone, i, in, l, m, o, r, s",
      ])
  }

  @Test func `shows no secret`() throws {
    let log = ProblemLog(file: "t.yaml")
    let keys = try reader("password: 4711", log)
    _ = keys.string("password", isSecret: true)
    #expect(
      log.errors.map(\.description) == ["t.yaml:1: password: (secret): expected a text (put it in quotes)"])
  }

  @Test func `warns of unknown keys and ignores case where told so`() throws {
    let log = ProblemLog(file: "t.yaml", unknownKeys: .areWarnings, ignoresCase: true)
    let keys = try reader("MQTTmode: 1\nmqttMood: 2", log)
    #expect(keys.int("mqttMode", in: 0...2) == 1)
    keys.finish()
    #expect(log.errors.isEmpty)
    #expect(log.warnings.map(\.path) == ["mqttMood"])
  }

  @Test func `keeps control characters out of messages and long values short`() throws {
    let log = ProblemLog(file: "t.yaml")
    let keys = try reader("a: \"x\\ny\\e[2J\"\nb: \(String(repeating: "z", count: 500))", log)
    _ = keys.bool("a")
    _ = keys.bool("b")
    #expect(log.errors.first?.value == "x y [2J")
    #expect(log.errors.last?.value == String(repeating: "z", count: 80) + "…")
  }
}
