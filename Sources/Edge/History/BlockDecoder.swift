// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// The samples of a block, one after the other.
///
/// Bytes that no encoder wrote end it early: `isDamaged` says so, and what came before stands.
struct BlockDecoder: Sendable {
  private let kind: BlockKind
  private let count: Int
  private var done = 0
  private var bits: BitReader
  private var clock: TimeCode
  private var numbers = NumberCode()
  private var whole: Int64 = 0
  private var words = WordCode()
  private var word: Value?
  private(set) var isDamaged = false

  private(set) var time: Int64
  private(set) var quality = Quality.good
  private(set) var hasValue = true

  init(_ header: BlockHeader, _ bytes: [UInt8]) {
    kind = header.kind
    count = header.count
    bits = BitReader(bytes)
    clock = TimeCode(first: header.first)
    time = header.first
  }

  /// Goes to the next sample; false after the last.
  @inline(__always)
  mutating func next() -> Bool {
    guard done < count, !isDamaged else { return false }
    let time = done == 0 ? self.time : clock.read(&bits)
    var code = bits.ones(upTo: 4)
    if code == 4 {
      hasValue = bits.bit()
      quality = Quality(rawValue: UInt32(truncatingIfNeeded: bits.read(32)))
      code = hasValue ? bits.ones(upTo: 4) : 0
    }
    // Times within a block never go back; a damaged one could, and searches rely on it.
    let isGood = (hasValue ? read(code) : code == 0) && !bits.isBroken && time >= self.time
    guard isGood else {
      isDamaged = true
      return false
    }
    self.time = time
    done += 1
    return true
  }

  @inline(__always)
  private mutating func read(_ code: Int) -> Bool {
    guard code < 4 else { return false }
    switch kind {
    case .float: return numbers.read(code, width: 32, from: &bits)
    case .double: return numbers.read(code, width: 64, from: &bits)
    case .int, .bool:
      if code == 0 { return true }
      guard code == 1 else { return false }
      whole = whole &+ SignedCode.read(&bits)
      return true
    case .text, .bytes:
      word = words.read(code, isText: kind == .text, from: &bits)
      return word != nil
    }
  }

  /// The sample's value; nil: it has none.
  @inline(__always)
  var value: Value? {
    guard hasValue else { return nil }
    return switch kind {
    case .bool: .bool(whole != 0)
    case .int: .int(whole)
    case .float: .float(Float(bitPattern: UInt32(truncatingIfNeeded: numbers.bits)))
    case .double: .double(Double(bitPattern: numbers.bits))
    case .text, .bytes: word
    }
  }

  /// The sample's value as a number, where the block is of numbers; not finite where there is none.
  @inline(__always)
  var number: Double {
    guard hasValue else { return .nan }
    return switch kind {
    case .bool: whole != 0 ? 1 : 0
    case .int: Double(whole)
    case .float: Double(Float(bitPattern: UInt32(truncatingIfNeeded: numbers.bits)))
    case .double: Double(bitPattern: numbers.bits)
    case .text, .bytes: .nan
    }
  }
}

extension Block {
  /// What can be read of bytes whose header is lost or not to be trusted; nil: nothing.
  init?(salvaging bytes: [UInt8], kind: Int, first: Int64, count: Int64) {
    guard let kind = BlockKind(rawValue: kind), let count = Int(exactly: count) else { return nil }
    var header = BlockHeader(kind: kind, first: first)
    header.count = count
    var decoder = BlockDecoder(header, bytes)
    var encoder = BlockEncoder(kind: kind, first: first)
    while decoder.next() {
      encoder.append(time: decoder.time, quality: decoder.quality, value: decoder.value)
    }
    guard encoder.count > 0 else { return nil }
    self = encoder.block
  }
}
