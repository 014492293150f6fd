// SPDX-License-Identifier: Apache-2.0

/// What the file has of a property: the sums over its blocks, open ones left out.
struct StoredProperty: Sendable, Equatable {
  var blocks: Int64 = 0
  var samples: Int64 = 0
  /// Of the blocks with their overhead.
  var bytes: Int64 = 0
  /// Meaningless without a block.
  var oldest = Int64.max
  var newest = Int64.min
  /// The longest time that a block of it ever covered: how far before a time a block may begin that holds it.
  var span: Int64 = 0

  mutating func add(_ header: BlockHeader, bytes: Int) {
    blocks += 1
    samples += Int64(header.count)
    self.bytes += Int64(bytes)
    oldest = min(oldest, header.first)
    newest = max(newest, header.last)
    span = max(span, header.last &- header.first)
  }
}
