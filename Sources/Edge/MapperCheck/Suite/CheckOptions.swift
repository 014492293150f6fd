// SPDX-License-Identifier: Apache-2.0

/// What the suite is to do.
package struct CheckOptions: Sendable {
  package var probe: ProbeOptions
  /// The `mapper-check` program, which the suite starts for each check.
  package var program: String
  /// Only these ids, or those that begin with one and a hyphen ("read"); empty: all.
  package var only: [String] = []
  /// Only the driver with this id; nil: all.
  package var driver: String?
  /// How long one check may take, beyond what it takes by design. A library that does not come back is killed then.
  package var limitMilliseconds = 10_000
  /// `NAME=value` for the processes of the checks.
  package var environment: [String] = []

  package init(probe: ProbeOptions, program: String) {
    self.probe = probe
    self.program = program
  }

  func includes(_ check: Check) -> Bool {
    only.isEmpty || only.contains { check.id == $0 || check.id.hasPrefix($0 + "-") }
  }
}
