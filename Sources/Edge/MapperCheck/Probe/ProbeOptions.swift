// SPDX-License-Identifier: Apache-2.0

/// What one probe process needs to know.
package struct ProbeOptions: Sendable {
  package var library: String
  /// Index in the library's list.
  package var driver: Int
  /// A manifest with a Device for the driver; nil: one is made up from the schemas.
  package var deviceFile: String?
  /// Open and close so often, if there is time.
  package var cycles: Int
  /// How long they may take.
  package var cycleSeconds: Int
  /// Call methods that change the device or need a confirmation too.
  package var allMethods: Bool
  /// The `mapper-runner` program; nil: checks in a runner are left out.
  package var runner: String?

  package init(
    library: String, driver: Int = 0, deviceFile: String? = nil, cycles: Int = 10_000, cycleSeconds: Int = 5,
    allMethods: Bool = false, runner: String? = nil
  ) {
    self.library = library
    self.driver = driver
    self.deviceFile = deviceFile
    self.cycles = cycles
    self.cycleSeconds = cycleSeconds
    self.allMethods = allMethods
    self.runner = runner
  }
}
