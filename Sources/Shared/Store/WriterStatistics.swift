// SPDX-License-Identifier: Apache-2.0

package struct WriterStatistics: Sendable, Equatable {
  package var operations: UInt64 = 0
  package var commits: UInt64 = 0
  package var failures: UInt64 = 0
  /// Operations that were refused because the queue was full, or the writer stopped.
  package var dropped: UInt64 = 0
  package var largestGroup = 0
  /// Operations that wait now.
  package var queueDepth = 0
  package var checkpoints: UInt64 = 0
  /// Why nothing could be written last; empty: the last commit worked.
  package var problem = ""
  /// Damaged files that were set aside.
  package var rebuilt: UInt64 = 0

  package init() {}
}
