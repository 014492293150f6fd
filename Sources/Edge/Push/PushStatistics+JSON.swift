// SPDX-License-Identifier: Apache-2.0
package import JSON

extension PushStatistics {
  /// For the node's report.
  package var members: JSON.Members {
    [
      "kind": .string(kind.rawValue), "destination": .string(destination), "waiting": .int(Int64(waiting)),
      "sent": .int(Int64(clamping: sent)), "dropped": .int(Int64(clamping: dropped)),
      "refused": .int(Int64(clamping: refused)), "failures": .int(Int64(clamping: failures)),
      "problem": .string(problem),
    ]
  }
}
