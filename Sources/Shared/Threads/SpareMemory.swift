// SPDX-License-Identifier: Apache-2.0
internal import CShims

/// Memory that the process has freed, but that the C library keeps.
package enum SpareMemory {
  /// Has large blocks go back to the system as soon as they are freed. At the start of the process.
  package static func keepNoLarge() { sv_memory_return_large() }

  /// Gives it back to the system: after work that needed far more than it left behind. Takes milliseconds.
  package static func giveBack() { sv_memory_trim() }
}
