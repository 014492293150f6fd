// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Looks once a second at what a runner uses. Belongs to the thread that reaps the runner.
struct RunnerWatch {
  /// Nanoseconds.
  static let interval: Int64 = 1_000_000_000

  private let process: pid_t
  private let limits: RunnerLimits
  private var family: ProcessFamily
  /// The next time to look, monotonic nanoseconds.
  private(set) var nextLook: Int64

  init(process: pid_t, limits: RunnerLimits, now: Int64) {
    self.process = process
    self.limits = limits
    family = ProcessFamily(root: process)
    nextLook = now + Self.interval
  }

  /// Nil: it keeps within its limits, or it is not time to look. Otherwise what it is killed for; what it had
  /// started has been ended then.
  mutating func look(now: Int64) -> String? {
    guard now >= nextLook else { return nil }
    nextLook = now + Self.interval
    guard let runner = ProcessEntry(process) else { return nil }
    let members = limits.mayFork ? family.look() : []
    let used = members.reduce(runner.residentBytes) { $0 + $1.privateBytes }
    guard let reason = reason(memory: used, threads: runner.threads, processes: members.count) else {
      return nil
    }
    endFamily()
    return reason
  }

  private func reason(memory: Int, threads: Int, processes: Int) -> String? {
    if memory > limits.memoryBytes {
      // The kernel counts pages: a little more than the limit must not read as the limit.
      let used = (memory + (1 << 20) - 1) >> 20
      return "used \(used) MB of memory, limit \(limits.memoryBytes >> 20) MB; it was killed"
    }
    if threads > RunnerLimits.threads {
      return "had \(threads) threads, limit \(RunnerLimits.threads); it was killed"
    }
    if limits.processes > 0, processes > limits.processes {
      return "had \(processes) processes running, limit \(limits.processes); it was killed with them"
    }
    return nil
  }

  /// Ends what the runner has started. Also once it has ended itself, before it is reaped.
  mutating func endFamily() {
    if limits.mayFork { family.end() }
  }
}
