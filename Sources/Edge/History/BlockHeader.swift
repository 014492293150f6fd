// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// What is known of a block without decoding it.
struct BlockHeader: Sendable, Equatable {
  var kind: BlockKind
  /// Unix milliseconds of the first and the last sample; times never decrease within a block.
  var first: Int64
  var last: Int64
  /// Samples, those without a value among them.
  var count = 0
  /// Samples with a value; of numbers, with a finite one.
  var good = 0
  /// Of the finite numbers; meaningless when there are none.
  var minimum = Double.infinity
  var maximum = -Double.infinity
  var sum = 0.0
  /// The last finite number; nil with text, bytes, or none at all.
  var final: Value?

  init(kind: BlockKind, first: Int64) {
    self.kind = kind
    self.first = first
    last = first
  }

  @inline(__always)
  mutating func count(_ number: Double) {
    guard number.isFinite else { return }
    good += 1
    if number < minimum { minimum = number }
    if number > maximum { maximum = number }
    sum += number
  }
}

/// A block that takes no more samples.
struct Block: Sendable, Equatable {
  var header: BlockHeader
  var bytes: [UInt8]

  /// What its row takes on disk beside the samples, roughly.
  static let overhead = 100
  var size: Int { bytes.count + Self.overhead }
}
