// SPDX-License-Identifier: Apache-2.0
internal import CShims

/// Runs checks, each in a process of its own, and collects what they found.
package struct CheckSuite: Sendable {
  /// After so many checks that did not come back the rest of a driver's is left out: each takes the whole limit.
  private static let patience = 3

  private let options: CheckOptions

  package init(_ options: CheckOptions) { self.options = options }

  /// - Parameter each: is told of every result at once.
  package func run(each: (CheckResult) -> Void = { _ in }) -> [CheckResult] {
    var results: [CheckResult] = []
    // One fault shows in many checks: the first one names it, the others are not counted.
    func add(_ result: CheckResult) {
      var result = result
      if result.isFailed, let first = results.first(where: { $0.outcome == result.outcome }) {
        result.outcome = .skipped("fails for the same reason as \(first.id)")
      }
      results.append(result)
      each(result)
    }
    for check in Check.all where check.scope == .library && options.includes(check) {
      add(run(check, driver: 0, name: ""))
    }
    guard let drivers = drivers() else {
      if !results.contains(where: \.isFailed) {
        add(
          CheckResult(
            id: "load-3", requirement: "The drivers can be listed.", driver: "",
            outcome: .failed(expected: "drivers", seen: "none: run all checks to see why"), output: "",
            milliseconds: 0))
      }
      return results
    }
    for (index, name) in drivers.enumerated() where options.driver ?? name == name {
      var hung = 0
      for check in Check.all where check.scope == .driver && options.includes(check) {
        guard hung < Self.patience else {
          add(
            CheckResult(
              id: check.id, requirement: check.requirement, driver: name,
              outcome: .skipped("\(hung) checks before did not come back"), output: "", milliseconds: 0))
          continue
        }
        let result = run(check, driver: index, name: name)
        if case .failed(_, let seen) = result.outcome, seen.hasPrefix(Self.late) { hung += 1 }
        add(result)
      }
    }
    return results
  }

  /// What the library offers, for people; nil when it cannot be loaded.
  package func describe() -> [String]? { job("describe", milliseconds: options.limitMilliseconds)?.lines }

  /// The ids in the library's order; nil when it cannot be loaded.
  package func drivers() -> [String]? {
    guard let lines = job("drivers", milliseconds: options.limitMilliseconds)?.lines, !lines.isEmpty else {
      return nil
    }
    return lines
  }

  private func job(_ name: String, milliseconds: Int) -> ProbeProcess.End? {
    let end = try? ProbeProcess.run(
      program: options.program, arguments: arguments(name, driver: 0), environment: options.environment,
      milliseconds: milliseconds)
    return end?.result == .passed ? end : nil
  }

  private static let late = "no return"

  private func run(_ check: Check, driver: Int, name: String) -> CheckResult {
    let limit = options.limitMilliseconds + check.extraMilliseconds
    let begin = sv_monotonic_ns()
    var result = CheckResult(
      id: check.id, requirement: check.requirement, driver: name, outcome: .passed, output: "",
      milliseconds: 0)
    do throws(CheckEnd) {
      let end = try ProbeProcess.run(
        program: options.program, arguments: arguments(check.id, driver: driver),
        environment: options.environment,
        milliseconds: limit)
      result.outcome = Self.outcome(of: end, limit: limit, library: options.probe.library)
      if result.isFailed {
        // A report on leaks has many that are the host's.
        let leaks = LeakCheck.leaks(in: end.output, of: options.probe.library)
        result.output = leaks.isEmpty ? end.output : leaks.joined(separator: "\n\n")
      }
    } catch {
      if case .skipped(let why) = error { result.outcome = .skipped(why) }
    }
    result.milliseconds = Int((sv_monotonic_ns() - begin) / 1_000_000)
    return result
  }

  /// What the end of a process says of its check.
  static func outcome(of end: ProbeProcess.End, limit: Int, library: String) -> CheckResult.Outcome {
    let place = end.step.isEmpty ? "between two calls" : "in \(end.step)"
    if end.isLate {
      return .failed(expected: "the call comes back", seen: "\(late) \(place) within \(limit) ms")
    }
    if end.signal != 0 {
      return .failed(expected: "the process lives", seen: "ended by \(SignalName.of(end.signal)) \(place)")
    }
    guard let result = end.result else {
      return .failed(
        expected: "the process lives, and keeps its descriptors",
        seen: "ended with status \(end.status), or without a word, \(place)")
    }
    let leaks = LeakCheck.leaks(in: end.output, of: library)
    if result == .passed, !leaks.isEmpty {
      let lost = leaks.prefix(3).compactMap { $0.split(separator: "\n").first { $0.contains("leak of") } }
      return .failed(expected: "no memory is lost", seen: lost.joined(separator: "; "))
    }
    return result
  }

  private func arguments(_ job: String, driver: Int) -> [String] {
    let probe = options.probe
    var arguments = [
      "probe", job, probe.library, "--driver-index", "\(driver)", "--cycles", "\(probe.cycles)",
      "--cycle-seconds",
      "\(probe.cycleSeconds)",
    ]
    if let file = probe.deviceFile { arguments += ["--device", file] }
    if let runner = probe.runner { arguments += ["--runner", runner] }
    if probe.allMethods { arguments.append("--all-methods") }
    return arguments
  }
}
