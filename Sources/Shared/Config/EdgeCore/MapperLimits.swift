// SPDX-License-Identifier: Apache-2.0

/// What the process of one mapper may use.
package struct MapperLimits: Sendable, Equatable {
  package enum Sandbox: String, Sendable, CaseIterable {
    /// Capabilities, files and system calls are restricted, as far as the kernel can.
    case on
    case off
  }

  /// Resident memory of the runner and of what it starts; beyond it the runner is killed.
  package var memoryMB = 256
  package var openFiles = 1024
  /// How many processes a mapper may have running; 0: it cannot start any.
  package var processes = 0
  /// Whom the runner runs as, which takes root; empty: as the agent.
  package var user = ""
  /// Files and folders that may be read besides those of the system.
  package var readable: [String] = []
  /// Files and folders that may be changed as well.
  package var writable: [String] = []
  package var sandbox = Sandbox.on

  package init() {}
}
