// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@Suite struct JSONTests {
  @Test(arguments: [
    "null", "true", "-1", "9223372036854775807", "0.5", "\"a\"", "[]", "{}", "[1,[2,{\"a\":[null]}]]",
    "{\"b\":1,\"a\":{\"c\":\"d\"}}", "\"\\u0000\\n\\\"\\\\\"", "\"é€😀\"",
  ])
  func `gives back the text it read`(text: String) throws {
    #expect(try JSON.parse(text).text == text)
  }

  @Test(arguments: [
    "", " ", "nul", "tru", "01", "1.", "1e", "-", "+1", ".5", "[1,]", "[1", "{\"a\"}", "{\"a\":}", "{a:1}",
    "{\"a\":1,}",
    "\"a", "\"\u{1}\"", "\"\\x\"", "\"\\u12\"", "1 2", "1e999", "[", "{", "\"\\",
  ])
  func `refuses what is not JSON`(text: String) { #expect(throws: JSONError.self) { try JSON.parse(text) } }

  @Test func `refuses text that is not UTF-8`() {
    #expect(throws: JSONError.self) { try JSON.parse([0x22, 0xFF, 0x22]) }
    #expect(throws: JSONError.self) { try JSON.parse([0x22, 0x5C, 0x6E, 0xC3, 0x22]) }
  }

  @Test func `refuses nesting that could exhaust the stack`() {
    #expect(throws: JSONError("nested too deeply", at: 64)) {
      try JSON.parse(String(repeating: "[", count: 100_000))
    }
  }

  @Test func `joins surrogate pairs and replaces lone ones`() throws {
    #expect(try JSON.parse("\"\\ud83d\\ude00\"") == .string("😀"))
    #expect(try JSON.parse("\"\\ud83dx\"") == .string("\u{FFFD}x"))
    #expect(try JSON.parse("\"\\ud83d\\u0041\"") == .string("\u{FFFD}A"))
    #expect(try JSON.parse("\"\\ude00\"") == .string("\u{FFFD}"))
  }

  @Test func `keeps whole numbers whole and the last of repeated names`() throws {
    #expect(try JSON.parse("12") == .int(12))
    #expect(try JSON.parse("12.0") == .number(12))
    #expect(try JSON.parse("18446744073709551615") == .number(18446744073709551615))
    #expect(try JSON.parse("{\"a\":1,\"a\":2}")["a"] == .int(2))
  }

  @Test func `escapes as KubeEdge does`() {
    #expect(JSON.string("<a&b>").text == "\"\\u003ca\\u0026b\\u003e\"")
  }

  @Test(arguments: [
    (Float(21.1), "21.1"), (0, "0"), (-0.0, "-0.0"), (1e20, "1e+20"), (.nan, "null"),
    (16777216, "16777216.0"),
  ])
  func `writes floats in their shortest form`(value: Float, text: String) {
    var bytes: [UInt8] = []
    JSONWriter.append(value, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == text)
  }

  @Test func `every float reads back as itself, with no more digits than the standard library needs`() {
    var random = SystemRandomNumberGenerator()
    for round in 0..<200_000 {
      let value =
        round % 2 == 0
        ? Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random))
        : Float.random(in: -2000...2000, using: &random)
      guard value.isFinite else { continue }
      var bytes: [UInt8] = []
      JSONWriter.append(value, to: &bytes)
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(Float(text) == value)
      #expect(text.count <= value.description.count)
    }
  }

  @Test(arguments: [
    Int64.min, -1_000, -1, 0, 9, 10, 99, 100, 999_999_999_999_999_999, 1_000_000_000_000_000_000, .max,
  ])
  func `writes whole numbers of every length`(value: Int64) {
    var bytes: [UInt8] = []
    JSONWriter.append(value, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == value.description)
  }

  @Test func `a cursor writes what the writer does, one after the other`() {
    var bytes = Array("[".utf8)
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { memory in
      guard var cursor = ByteCursor(memory) else { return }
      cursor.append(Float(-21.125))
      cursor.append(",")
      cursor.append(Int64(-7))
      cursor.append(",")
      cursor.append(0.1)
      #expect(cursor.count == 14 && cursor.room == 242)
      cursor.flush(to: &bytes)
      #expect(cursor.count == 0 && cursor.room == 256)
      cursor.append(UInt8(ascii: "]"))
      cursor.flush(to: &bytes)
    }
    #expect(String(decoding: bytes, as: UTF8.self) == "[-21.125,-7,0.1]")
  }

  @Test func `places commas between members and elements`() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("a")
    writer.int(1)
    writer.name("b")
    writer.beginArray()
    writer.bool(true)
    writer.null()
    writer.beginObject()
    writer.endObject()
    writer.endArray()
    writer.name("c")
    writer.string("x")
    writer.endObject()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "{\"a\":1,\"b\":[true,null,{}],\"c\":\"x\"}")
  }
}
