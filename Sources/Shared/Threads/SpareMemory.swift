// SPDX-License-Identifier: Apache-2.0
internal import CShims

/// Memory that the process has freed, but that the C library keeps.
package enum SpareMemory {
  /// Gives it back to the system: after work that needed far more than it left behind. Takes milliseconds.
  package static func giveBack() { sv_memory_trim() }
}
