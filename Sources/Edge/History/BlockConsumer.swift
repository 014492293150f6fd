// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// Makes an answer of blocks, which it takes in the order of their first samples. They may overlap: a clock
/// that goes back makes two of one time.
protocol BlockConsumer {
  /// No block that begins here or later changes the answer.
  var end: Int64 { get }
  /// Blocks that ended before they should.
  var damaged: UInt64 { get }
  var answer: HistoryAnswer { get }
  /// - Parameter bytes: reads them; not asked for where the header says it all.
  mutating func take(
    _ header: BlockHeader, bytes: () throws(SQLiteError) -> [UInt8]
  ) throws(SQLiteError)
}
