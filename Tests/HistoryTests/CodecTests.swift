// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import TestSupport
import Testing

@testable import History

@Suite struct CodecTests {
  struct Row: Equatable {
    var time: Int64
    var quality = Quality.good
    var value: Value?

    /// By bits, so that a NaN equals itself.
    static func == (left: Row, right: Row) -> Bool {
      guard left.time == right.time, left.quality == right.quality else { return false }
      switch (left.value, right.value) {
      case (.float(let left)?, .float(let right)?): return left.bitPattern == right.bitPattern
      case (.double(let left)?, .double(let right)?): return left.bitPattern == right.bitPattern
      default: return left.value == right.value
      }
    }
  }

  static func encode(_ rows: [Row], _ kind: BlockKind) -> Block {
    var encoder = BlockEncoder(kind: kind, first: rows[0].time)
    for row in rows { encoder.append(time: row.time, quality: row.quality, value: row.value) }
    return encoder.block
  }

  static func decode(_ block: Block) -> (rows: [Row], isDamaged: Bool) {
    var decoder = BlockDecoder(block.header, block.bytes)
    var rows: [Row] = []
    while decoder.next() {
      rows.append(Row(time: decoder.time, quality: decoder.quality, value: decoder.value))
    }
    return (rows, decoder.isDamaged)
  }

  static let kinds: [BlockKind] = [.bool, .int, .float, .double, .text, .bytes]

  /// Values as a device may have them: constant, counting, scaled, noise, extremes.
  static func value(_ kind: BlockKind, _ random: inout SplitMix) -> Value {
    switch kind {
    case .bool: return .bool(.random(using: &random))
    case .int:
      return .int(
        [
          0, 1, -1, .max, .min, .random(in: -100...100, using: &random),
          .random(in: .min ... .max, using: &random),
        ].randomElement(using: &random) ?? 0)
    case .float:
      return .float(
        [
          0, -0.0, .infinity, -.infinity, .nan, .signalingNaN, .greatestFiniteMagnitude,
          .leastNonzeroMagnitude,
          Float(Int.random(in: -999...999, using: &random)) / 10,
          Float(Int.random(in: -999...999, using: &random)) * 0.1,
          Float(bitPattern: .random(in: 0 ... .max, using: &random)),
        ].randomElement(using: &random) ?? 0)
    case .double:
      return .double(
        [
          0, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
          9_007_199_254_740_992, -9_007_199_254_740_991,
          Double(Int.random(in: -9999...9999, using: &random)) / 100,
          Double(Int.random(in: -9999...9999, using: &random)) * 0.01,
          Double(bitPattern: .random(in: 0 ... .max, using: &random)),
        ].randomElement(using: &random) ?? 0)
    case .text:
      return .text(
        ["", "on", "off", "größer", "state \(Int.random(in: 0...40, using: &random))"]
          .randomElement(using: &random) ?? "")
    case .bytes:
      return .bytes(
        (0..<Int.random(in: 0...300, using: &random)).map { _ in .random(in: 0 ... .max, using: &random) })
    }
  }

  static func rows(_ kind: BlockKind, _ random: inout SplitMix) -> [Row] {
    var time = Int64.random(in: -1_000_000...1_800_000_000_000, using: &random)
    return (0..<Int.random(in: 1...400, using: &random)).map { _ in
      defer {
        time += [0, 1, 1000, 1000, 1001, 999, 60_000, 3_600_000_000].randomElement(using: &random) ?? 0
      }
      switch Int.random(in: 0..<12, using: &random) {
      case 0: return Row(time: time, quality: .noLink, value: nil)
      case 1: return Row(time: time, quality: .bad, value: nil)
      case 2: return Row(time: time, quality: .stale, value: value(kind, &random))
      default: return Row(time: time, value: value(kind, &random))
      }
    }
  }

  @Test(arguments: kinds) func `what goes in comes out again, bit by bit`(_ kind: BlockKind) {
    var random = SplitMix(seed: 7)
    for _ in 0..<150 {
      let rows = Self.rows(kind, &random)
      let block = Self.encode(rows, kind)
      let decoded = Self.decode(block)
      #expect(decoded.rows == rows)
      #expect(!decoded.isDamaged)
      #expect(block.header.count == rows.count)
      #expect(block.header.first == rows.first?.time && block.header.last == rows.last?.time)
    }
  }

  @Test func `the header has count, least, greatest, sum and last of the finite numbers`() {
    let values: [Double?] = [1.5, nil, -2, .nan, 7.25, .infinity]
    let rows = values.enumerated().map { Row(time: Int64($0), value: $1.map { .double($0) }) }
    let header = Self.encode(rows, .double).header
    #expect(header.count == 6 && header.good == 3)
    #expect(header.minimum == -2 && header.maximum == 7.25 && header.sum == 6.75)
    #expect(header.final == .double(7.25))
  }

  @Test func `times may be as far apart as numbers are`() {
    let rows = [Int64.min, -1, 0, 1, .max].map { Row(time: $0, value: .int($0)) }
    #expect(Self.decode(Self.encode(rows, .int)).rows == rows)
  }

  @Test(arguments: kinds) func `a damaged block ends early and breaks nothing`(_ kind: BlockKind) {
    var random = SplitMix(seed: 11)
    var ended = 0
    for _ in 0..<400 {
      var block = Self.encode(Self.rows(kind, &random), kind)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: block.bytes = Array(block.bytes.prefix(Int.random(in: 0...block.bytes.count, using: &random)))
      case 1: block.header.count = Int.random(in: 0...100_000, using: &random)
      default:
        for _ in 0..<Int.random(in: 1...8, using: &random) where !block.bytes.isEmpty {
          block.bytes[.random(in: block.bytes.indices, using: &random)] ^= .random(
            in: 1 ... .max, using: &random)
        }
      }
      let decoded = Self.decode(block)
      #expect(decoded.rows.count <= block.header.count)
      #expect(zip(decoded.rows, decoded.rows.dropFirst()).allSatisfy { $0.time <= $1.time })
      if decoded.isDamaged { ended += 1 }
    }
    #expect(ended > 0)
  }

  @Test func `bits of every width come back from every place`() {
    var random = SplitMix(seed: 3)
    var writer = BitWriter()
    var expected: [(UInt64, Int)] = []
    for _ in 0..<5000 {
      let count = Int.random(in: 1...64, using: &random)
      let value = UInt64.random(in: 0 ... .max, using: &random) >> UInt64(64 - count)
      writer.write(value, count)
      expected.append((value, count))
    }
    var reader = BitReader(writer.contents)
    for (value, count) in expected { #expect(reader.read(count) == value) }
    #expect(reader.left < 8 && !reader.isBroken)
    _ = reader.read(9)
    #expect(reader.isBroken)
  }
}
