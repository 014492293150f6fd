// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// Collects all that is wrong in one text, so that its author sees everything at once.
///
/// Used by one thread, while the text is read.
package final class ProblemLog {
  package enum UnknownKeys { case areErrors, areWarnings }

  package let file: String
  package let unknownKeys: UnknownKeys
  /// KubeEdge's configuration files are read without regard to the case of keys.
  package let ignoresCase: Bool
  package private(set) var errors: [ManifestProblem] = []
  /// What is read but does nothing, or something else than its author may think.
  package private(set) var warnings: [ManifestProblem] = []

  package init(file: String, unknownKeys: UnknownKeys = .areErrors, ignoresCase: Bool = false) {
    self.file = file
    self.unknownKeys = unknownKeys
    self.ignoresCase = ignoresCase
  }

  package func report(line: Int, path: String, value: String = "", expected: String) {
    errors.append(ManifestProblem(file: file, line: line, path: path, value: value, expected: expected))
  }

  package func warn(line: Int, path: String, value: String = "", expected: String) {
    warnings.append(ManifestProblem(file: file, line: line, path: path, value: value, expected: expected))
  }

  func reportUnknown(line: Int, path: String, expected: String) {
    switch unknownKeys {
    case .areErrors: report(line: line, path: path, expected: expected)
    case .areWarnings: warn(line: line, path: path, expected: expected)
    }
  }
}
