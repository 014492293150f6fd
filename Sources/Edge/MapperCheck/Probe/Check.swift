// SPDX-License-Identifier: Apache-2.0

/// One requirement of the ABI, and how it is seen to be kept.
package struct Check: Sendable {
  package enum Scope: Sendable {
    /// Once for the library.
    case library
    /// Once for each of its drivers.
    case driver
  }

  /// Stable: "state-3". It is what people search for and what CI systems compare.
  package let id: String
  package let requirement: String
  package let scope: Scope
  /// Milliseconds beyond the usual limit that the check may take by design.
  let extraMilliseconds: Int
  /// Runs in a process of its own, into which no other check has loaded the library.
  let run: @Sendable (Probe) throws(CheckEnd) -> Void

  init(
    _ id: String, _ requirement: String, scope: Scope = .driver, extraMilliseconds: Int = 0,
    run: @escaping @Sendable (Probe) throws(CheckEnd) -> Void
  ) {
    self.id = id
    self.requirement = requirement
    self.scope = scope
    self.extraMilliseconds = extraMilliseconds
    self.run = run
  }
}

extension Check {
  /// All of them, in the order in which a mapper is written.
  package static let all: [Check] =
    fileChecks + entryChecks + driverChecks + schemaChecks + stateChecks + settingChecks + pointChecks
    + readChecks + writeChecks + callChecks + subscribeChecks + extensionChecks + processChecks + cycleChecks
    + engineChecks
}
