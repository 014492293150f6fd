// SPDX-License-Identifier: Apache-2.0
import JSON
import TestSupport
import Testing

/// Texts that are JSON, or were until something happened to them.
@Suite struct MutationTests {
  private static let samples: [[UInt8]] = [
    #"{"event_id":"1","timestamp":1795515640000,"twin":{"temp":{"expected":{"value":"21.5"},"optional":true}}}"#,
    #"[null,true,false,0,-0,-0.0,1.5,-12e-3,1E+20,9223372036854775807,18446744073709551615,4.9e-324]"#,
    #"["","a\"b\\c\/d\b\f\n\r\t","\u0000\u001f\u00e9\ud83d\ude00\ud83dx","é€😀<&>"]"#,
    " {\t\"a\" : [ [ ] , { } , [ { \"a\" : 1 , \"a\" : 2 } ] ]\r\n} ",
    String(repeating: "[", count: 62) + "1" + String(repeating: "]", count: 62),
  ].map { Array($0.utf8) }

  private static let pieces: [[UInt8]] =
    [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "\"a\":", "null", "true",
      "false", "0", "9", "-", ".", "e", "E+", "1e999", "99999999999999999999", " ", "\n", "\u{0}", "\u{7F}",
      "é",
    ].map { Array($0.utf8) } + [[0x80], [0xC3], [0xED, 0xA0, 0x80], [0xF5], [0xFF]]

  @Test(arguments: UInt64(0)..<8) func `it refuses a broken text, or reads what it would write`(seed: UInt64)
    throws
  {
    var generator = SplitMix(seed: seed)
    var read = 0
    var refused = 0
    for _ in 0..<2_500 {
      var bytes = Self.samples.randomElement(using: &generator) ?? []
      for _ in 0..<Int.random(in: 0...4, using: &generator) { Self.mutate(&bytes, &generator) }
      let value: JSON
      do throws(JSONError) {
        value = try JSON.parse(bytes)
        read += 1
      } catch {
        refused += 1
        #expect((0...bytes.count).contains(error.offset), "\(error): \(bytes)")
        continue
      }
      let written = value.bytes
      let again = try JSON.parse(written)
      #expect(Self.isSame(again, value), "\(bytes)")
      #expect(again.bytes == written, "\(bytes)")
    }
    #expect(read > 250 && refused > 250, "\(read) read, \(refused) refused")
  }

  @Test func `it survives bytes of any kind`() throws {
    var generator = SplitMix(seed: 42)
    for _ in 0..<5_000 {
      let bytes = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      guard let value = try? JSON.parse(bytes) else { continue }
      let again = try JSON.parse(value.bytes)
      #expect(Self.isSame(again, value), "\(bytes)")
    }
  }

  private static func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix) {
    let place = Int.random(in: 0...bytes.count, using: &generator)
    let end = Int.random(in: place...min(bytes.count, place + 12), using: &generator)
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes.removeSubrange(place..<end)
    case 1: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
    case 2: bytes.replaceSubrange(place..<end, with: pieces.randomElement(using: &generator) ?? [])
    case 3: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
    case 4: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator) }
    default: bytes.removeSubrange(place...)
    }
  }

  /// Equal, where a whole `.number` counts as the `.int` that it is written as.
  private static func isSame(_ one: JSON, _ other: JSON) -> Bool {
    switch (one, other) {
    case (.array(let one), .array(let other)):
      one.count == other.count && zip(one, other).allSatisfy(isSame)
    case (.object(let one), .object(let other)):
      one.count == other.count
        && zip(one, other).allSatisfy { $0.name == $1.name && isSame($0.value, $1.value) }
    case (.int(let whole), .number(let number)): Double(whole) == number
    default: one == other
    }
  }
}
