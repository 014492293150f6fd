// SPDX-License-Identifier: Apache-2.0
package import JSON

extension SpoolStatistics {
  /// For the node's report.
  package var members: JSON.Members {
    [
      "messages": .int(Int64(messages)), "bytes": .int(bytes), "spooled": .int(Int64(clamping: spooled)),
      "replayed": .int(Int64(clamping: replayed)), "droppedFull": .int(Int64(clamping: droppedFull)),
      "droppedOld": .int(Int64(clamping: droppedOld)), "droppedMemory": .int(Int64(clamping: droppedMemory)),
      "damaged": .int(Int64(clamping: damaged)), "problem": .string(problem),
    ]
  }
}
