// SPDX-License-Identifier: Apache-2.0

/// The results for people.
package enum TextReport {
  private static let outputLines = 30

  /// - Parameter isQuiet: leave out what passed.
  package static func lines(of result: CheckResult, isQuiet: Bool) -> [String] {
    let name = result.driver.isEmpty ? result.id : "\(result.driver) \(result.id)"
    switch result.outcome {
    case .passed: return isQuiet ? [] : ["ok    \(name): \(result.requirement)"]
    case .skipped(let why): return isQuiet ? [] : ["skip  \(name): \(result.requirement)", "        \(why)"]
    case .failed(let expected, let seen):
      var lines = [
        "FAIL  \(name): \(result.requirement)", "        expected: \(expected)", "        seen:     \(seen)",
      ]
      let output = result.output.split(separator: "\n", omittingEmptySubsequences: true)
      if !output.isEmpty {
        lines.append("        the library printed:")
        lines += output.suffix(outputLines).map { "          \($0)" }
      }
      return lines
    }
  }

  package static func summary(_ results: [CheckResult], library: String) -> String {
    let failed = results.count { $0.isFailed }
    let skipped = results.count { if case .skipped = $0.outcome { true } else { false } }
    return "\(library): \(results.count - failed - skipped) passed, \(failed) failed, \(skipped) skipped"
  }
}
