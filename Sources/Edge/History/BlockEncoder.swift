// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// A block that still takes samples. It encodes them as they come.
///
/// A sample is its time and then its value; `1111` before the value's code says that quality, or whether
/// there is a value at all, has changed. `docs/history.md` has the form bit by bit.
struct BlockEncoder: Sendable {
  private(set) var header: BlockHeader
  private var bits = BitWriter()
  private var time: TimeCode
  private var quality = Quality.good
  private var hasValue = true
  private var numbers = NumberCode()
  /// Int and bool.
  private var whole: Int64 = 0
  /// Made when there is one: most blocks are of numbers.
  private var words: WordCode?

  init(kind: BlockKind, first: Int64) {
    header = BlockHeader(kind: kind, first: first)
    time = TimeCode(first: first)
  }

  var byteCount: Int { bits.byteCount }
  var count: Int { header.count }

  var block: Block {
    var header = header
    if header.good > 0, header.kind.isNumeric { header.final = final }
    return Block(header: header, bytes: bits.contents)
  }

  /// The last finite number, kept apart so that no value is copied per sample.
  private var lastFinite: UInt64 = 0
  private var final: Value? {
    switch header.kind {
    case .bool: .bool(lastFinite != 0)
    case .int: .int(Int64(bitPattern: lastFinite))
    case .float: .float(Float(bitPattern: UInt32(truncatingIfNeeded: lastFinite)))
    case .double: .double(Double(bitPattern: lastFinite))
    case .text, .bytes: nil
    }
  }

  /// - Parameters:
  ///   - time: not before that of the sample before.
  ///   - value: of the block's kind; nil: the reading failed.
  @inline(__always)
  mutating func append(time: Int64, quality: Quality, value: Value?) {
    if header.count > 0 { self.time.write(time, to: &bits) }
    header.count += 1
    header.last = time
    if quality != self.quality || (value != nil) != hasValue {
      bits.write(0b1111, 4)
      bits.write(value == nil ? 0 : 1, 1)
      bits.write(UInt64(quality.rawValue), 32)
      self.quality = quality
      hasValue = value != nil
    } else if value == nil {
      bits.write(0, 1)
    }
    if let value { write(value) }
  }

  @inline(__always)
  private mutating func write(_ value: Value) {
    switch value {
    case .float(let value):
      numbers.write(value, to: &bits)
      header.count(Double(value))
      if value.isFinite { lastFinite = UInt64(value.bitPattern) }
    case .double(let value):
      numbers.write(value, to: &bits)
      header.count(value)
      if value.isFinite { lastFinite = value.bitPattern }
    case .int(let value):
      write(whole: value)
      header.count(Double(value))
    case .bool(let value):
      write(whole: value ? 1 : 0)
      header.count(value ? 1 : 0)
    case .text, .bytes:
      if words == nil { words = WordCode() }
      words?.write(value, to: &bits)
      header.good += 1
    }
  }

  /// `0`: the one before. `10`: the distance to it.
  private mutating func write(whole value: Int64) {
    lastFinite = UInt64(bitPattern: value)
    if value == whole { return bits.write(0, 1) }
    bits.write(0b10, 2)
    SignedCode.write(value &- whole, to: &bits)
    whole = value
  }
}
