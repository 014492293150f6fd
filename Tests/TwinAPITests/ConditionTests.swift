// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@testable import TwinAPI

@Suite struct ConditionTests {
  /// `setpoint` is 21 (22 desired, applied) and `temperature` 21.1, stale; the clock says 10 s after the values.
  static let device: DeviceSnapshot = .test("plant/pump-1", labels: ["line": "1", "a.b/c": "x y"])
  static let now: Int64 = 11_500_000_000

  private func holds(_ text: String) throws -> Bool {
    try ConditionParser.condition(text).matches(Self.device, now: Self.now)
  }

  @Test(arguments: [
    "name = pump-1", "namespace = 'plant'", "model like 'p*p'", "protocol in (modbus, mqtt)",
    "link.state = online", "link.state not in (offline, unavailable)", "labels.line = '1'",
    #"labels."a.b/c" = "x y""#, "labels.a.b/c like 'x?y'", "labels.line", "not labels.missing",
    "setpoint.reported = 21", "setpoint.reported = 21.0", "setpoint.reported != 22",
    "setpoint.reported < 21.5",
    "setpoint.reported >= 21 and setpoint.reported <= 21",
    "setpoint.desired > setpoint-not-there or name = pump-1",
    "temperature.reported = 21.1", "temperature.reported > 21.05", "temperature.quality = uncertain",
    "temperature.age = 10s", "temperature.age > 500ms", "temperature.age < 1m", "setpoint.state = applied",
    "not setpoint.inSync", "temperature.inSync", "setpoint.inSync = false",
    #""setpoint".reported in (20, 21)"#,
    "not (name = x or name = y) and (namespace = plant)", "desiredVersion = 3", "reportedVersion > 40",
    "link.age > 10s", "name == pump-1",
  ])
  func `holds`(text: String) throws { #expect(try holds(text), "\(text)") }

  @Test(arguments: [
    "name = pump-2", "x.reported = 1", "x.reported != 1", "setpoint.reported = '21'",
    "setpoint.reported like '2*'",
    "setpoint.reported = true", "temperature.state = pending", "temperature.desired", "labels.line > 1",
    "name = a or name = b and name = pump-1", "not name = pump-1", "model like 'pum'",
    "temperature.age > 11s",
  ])
  func `does not hold`(text: String) throws { #expect(try !holds(text), "\(text)") }

  @Test(arguments: [
    ("", 1), ("temperature", 1), ("temperature.value = 1", 1), ("a.reported =", 13), ("a.reported = 1 b", 16),
    ("(a.reported = 1", 16), ("a.reported in 1", 15), ("a.reported in (1", 17), ("a.reported in ()", 16),
    ("a.quality = excellent", 13), ("link.state = up", 14), ("a.age > 5", 9), ("a.age like '5*'", 12),
    ("a.reported = 'x", 14), ("a.reported & 1", 12), ("not", 4), ("a.reported not 1", 16),
    ("ü.reported = 1 ü", 16),
    ("labels.", 1), (#""a" = 1"#, 5), (#""a".b = 1"#, 5), ("a.reported = 1 and", 19),
  ])
  func `points at the column of what is wrong`(text: String, column: Int) {
    #expect {
      try ConditionParser.condition(text)
    } throws: { error in
      (error as? ConditionError)?.column == column
    }
  }

  @Test func `is bounded in length, depth and values`() {
    let deep = String(repeating: "(", count: 33) + "name = a" + String(repeating: ")", count: 33)
    #expect(throws: ConditionError.self) { try ConditionParser.condition(deep) }
    #expect(throws: ConditionError.self) {
      try ConditionParser.condition(String(repeating: "not ", count: 400) + "name = a")
    }
    #expect(throws: ConditionError.self) {
      try ConditionParser.condition("name = '" + String(repeating: "x", count: 2000) + "'")
    }
    let many = (0...100).map { "\($0)" }.joined(separator: ",")
    #expect(throws: ConditionError.self) { try ConditionParser.condition("a.reported in (\(many))") }
  }

  @Test func `patterns end in time, whatever they are`() {
    let text = String(repeating: "a", count: 1000)
    #expect(!Glob(String(repeating: "*a", count: 400) + "b").matches(text))
    #expect(Glob("*a*a*a").matches(text))
    #expect(Glob("").matches(""))
    #expect(!Glob("?").matches(""))
  }

  /// Pieces of conditions in any order, cut and changed anywhere: each is read or refused at a column of the text.
  @Test func `any text is read, or refused at a column within it`() {
    let pieces = [
      "name", "=", "!=", "<", ">=", "(", ")", ",", "and", "or", "not", "in", "like", "a.reported", "b.age",
      "5s", "'x'",
      "\"q r\"", ".", "quality", "labels.", "labels.k", "1.5e3", "-1", "ü", "\\", "\"", "'", "link.state",
      "online", " ",
    ]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        pieces.randomElement(using: &random) ?? ""
      }
      .joined(separator: Bool.random(using: &random) ? " " : "")
      if !text.isEmpty, Bool.random(using: &random) {
        var scalars = Array(text.unicodeScalars)
        let place = Int.random(in: scalars.indices, using: &random)
        scalars[place] = Unicode.Scalar(UInt32.random(in: 1..<0x300, using: &random)) ?? "x"
        text = String(String.UnicodeScalarView(scalars))
      }
      do throws(ConditionError) {
        _ = try ConditionParser.condition(text).matches(Self.device, now: Self.now)
        _ = try ConditionParser.sortKeys(text)
      } catch {
        #expect((1...text.unicodeScalars.count + 1).contains(error.column), "\(text): \(error)")
      }
    }
  }

  @Test func `sort keys turn around, and what is missing comes last`() throws {
    let keys = try ConditionParser.sortKeys("-x.reported, name")
    #expect(keys.map(\.isDescending) == [true, false])
    func place(_ key: Scalar?, _ name: String) -> SortPlace {
      SortPlace(keys: [key, .text(name)], name: .test("n/" + name))
    }
    let places = [place(nil, "a"), place(.int(1), "b"), place(.number(2.5), "c"), place(.int(1), "a")]
    let sorted = places.sorted { $0.precedes($1, by: keys) }
    #expect(sorted.map(\.name.name) == ["c", "a", "b", "a"])
    #expect(sorted.last?.keys.first == .some(nil))
  }
}
