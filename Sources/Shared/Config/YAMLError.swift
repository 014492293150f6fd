// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// Why a text is not YAML that we take, and where.
package struct YAMLError: Error, Equatable, CustomStringConvertible {
  package let file: String
  /// 1-based.
  package let line: Int
  /// 1-based, in characters.
  package let column: Int
  package let reason: String

  package init(file: String, line: Int, column: Int, reason: String) {
    self.file = file
    self.line = line
    self.column = column
    self.reason = reason
  }

  package var description: String { "\(file):\(line):\(column): \(reason)" }

  /// The same in a list of problems.
  package var problem: ManifestProblem {
    ManifestProblem(
      file: file, line: line, path: "", value: "", expected: "well-formed YAML (column \(column): \(reason))")
  }
}
