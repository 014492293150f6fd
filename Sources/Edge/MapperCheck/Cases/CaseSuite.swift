// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc

/// Runs all cases of a folder, each in a process of its own.
package struct CaseSuite: Sendable {
  private let options: CheckOptions
  private let folder: String

  /// - Parameter folder: of folders, one a case; or of one case.
  package init(_ options: CheckOptions, folder: String) {
    self.options = options
    self.folder = folder
  }

  /// - Parameter each: is told of every result at once.
  /// - Returns: one result a case; empty when there is none.
  package func run(each: (CheckResult) -> Void = { _ in }) -> [CheckResult] {
    var results: [CheckResult] = []
    for name in cases where options.only.isEmpty || options.only.contains(name) {
      let begin = sv_monotonic_ns()
      var result = CheckResult(
        id: name, requirement: "does what expected.txt says", driver: "cases", outcome: .passed, output: "",
        milliseconds: 0)
      do throws(CheckEnd) {
        let end = try ProbeProcess.run(
          program: options.program,
          arguments: ["probe", "case", options.probe.library, "--device", place(of: name)],
          environment: options.environment, milliseconds: options.limitMilliseconds)
        result.outcome = CheckSuite.outcome(
          of: end, limit: options.limitMilliseconds, library: options.probe.library)
        if result.isFailed { result.output = end.output }
      } catch {
        if case .skipped(let why) = error { result.outcome = .skipped(why) }
      }
      result.milliseconds = Int((sv_monotonic_ns() - begin) / 1_000_000)
      results.append(result)
      each(result)
    }
    return results
  }

  private static let ownCase = "."

  private func place(of name: String) -> String { name == Self.ownCase ? folder : folder + "/" + name }

  /// Names of the folders with an `expected.txt`, sorted.
  private var cases: [String] {
    if access(folder + "/expected.txt", R_OK) == 0 { return [Self.ownCase] }
    guard let list = opendir(folder) else { return [] }
    defer { closedir(list) }
    var names: [String] = []
    while let entry = readdir(list) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix("."), access(folder + "/" + name + "/expected.txt", F_OK) == 0 { names.append(name) }
    }
    return names.sorted()
  }
}
