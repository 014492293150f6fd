// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@Suite struct ValueTests {
  @Test(arguments: [
    ("22", PropertyType.int, Value.int(22)), ("22.0", .int, .int(22)), ("-5", .int, .int(-5)),
    ("21.1", .float, .float(21.1)), ("21.1", .double, .double(21.1)), ("true", .boolean, .bool(true)),
    ("hello world", .string, .text("hello world")), ("AQID", .bytes, .bytes([1, 2, 3])),
  ])
  func `reads the text form of a value`(text: String, type: PropertyType, value: Value) {
    #expect(Value(parsing: text, as: type) == value)
  }

  @Test(arguments: [
    ("22.5", PropertyType.int), ("", .int), ("99999999999999999999", .int), ("nan", .float), ("inf", .double),
    ("1", .boolean), ("TRUE", .boolean), ("A", .bytes), ("AQ=D", .bytes),
  ])
  func `refuses a text that is no value of the type`(text: String, type: PropertyType) {
    #expect(Value(parsing: text, as: type) == nil)
  }

  @Test(arguments: [
    (Value.float(21.1), "21.1"), (.float(21), "21"), (.double(0.1), "0.1"), (.double(-3), "-3"),
    (.double(1e300), "1e+300"), (.int(.min), "-9223372036854775808"), (.bool(false), "false"),
    (.bytes([0xFF, 0]), "/wA="),
  ])
  func `writes the shortest text that reads back`(value: Value, text: String) {
    #expect(value.text == text)
  }

  @Test func `turns a driver's value into the property's type`() {
    #expect(Value.double(21.5).converted(to: .int) == .int(22))
    #expect(Value.int(7).converted(to: .float) == .float(7))
    #expect(Value.int(2).converted(to: .boolean) == .bool(true))
    #expect(Value.double(.infinity).converted(to: .int) == nil)
    #expect(Value.int(5).converted(to: .bytes) == nil)
    #expect(Value.float(1.5).converted(to: .string) == .text("1.5"))
    #expect(Value.text("12").converted(to: .int) == .int(12))
  }

  @Test(arguments: [
    (Value.double(0.3), Value.double(3 * 0.1), true), (.double(1e6), .double(1_000_000.01), false),
    (.double(16_777_217), .double(16_777_216), false),
    // A device of 32 bits holds no better one.
    (.double(25.3), .double(Double(Float(25.3))), true), (.double(25.3), .double(25.30001), false),
    (.float(0.3), .float(0.1 * 3), true), (.float(25.3), .float(25.3001), false), (.int(1), .int(2), false),
    (.double(.infinity), .double(5), false), (.double(.infinity), .double(1e300), false),
    (.float(.infinity), .float(.infinity), true), (.double(.nan), .double(1), false),
    (.double(5), .float(5), false),
  ])
  func `finds values close that a device has scaled or rounded`(left: Value, right: Value, isClose: Bool) {
    #expect(left.isClose(to: right) == isClose)
    #expect(right.isClose(to: left) == isClose)
  }

  @Test(arguments: ["default/pump-1", "a/b.c", "x1/y"])
  func `takes names that Kubernetes takes`(text: String) {
    #expect(DeviceName(parsing: text)?.description == text)
  }

  @Test(arguments: ["pump", "/pump", "default/", "Default/pump", "a/-b", "a/b-", "a/b..c", "a/b/c", "a.b/c"])
  func `refuses names that Kubernetes refuses`(text: String) { #expect(DeviceName(parsing: text) == nil) }
}
