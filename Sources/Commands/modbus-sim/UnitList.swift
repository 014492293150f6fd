// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Unit identifiers as given on the command line: `1,2,10-20`.
struct UnitList: ExpressibleByArgument {
  let units: [UInt8]

  init(_ units: [UInt8]) { self.units = units }

  init?(argument: String) {
    var units: [UInt8] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = UInt8(ends[0]), let last = UInt8(ends[ends.count - 1]), first <= last else {
        return nil
      }
      units += first...last
    }
    guard !units.isEmpty else { return nil }
    self.units = units
  }

  var defaultValueDescription: String { units.map(String.init).joined(separator: ",") }
}
