// SPDX-License-Identifier: Apache-2.0
internal import CSpawn
internal import Glibc
internal import Threads

/// A tool that runs to its end: a compiler, make.
package enum ToolProcess {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
  }

  /// A whole mapper is built in a minute on a small machine: a tool that takes longer waits for something.
  package static let limitSeconds = 1800

  /// - Parameters:
  ///   - program: looked for in PATH.
  ///   - seconds: after which it is killed, with all that it started.
  /// - Returns: its exit status and the last 64 KiB of what it printed.
  package static func run(_ program: String, _ arguments: [String], seconds: Int = limitSeconds)
    throws(Failure)
    -> (status: Int32, output: String)
  {
    guard let output = OutputFile(), let plan = child_plan_create("/usr/bin/env") else {
      throw Failure("no room for what \(program) prints")
    }
    defer { child_plan_destroy(plan) }
    for argument in [program] + arguments { child_plan_argument(plan, argument) }
    child_plan_descriptor(plan, output.descriptor, 1)
    child_plan_descriptor(plan, output.descriptor, 2)
    child_plan_new_group(plan)
    child_plan_death_signal(plan, SIGKILL)
    var process = pid_t()
    let error = child_spawn(plan, &process)
    guard error == 0 else { throw Failure("\(program): \(SystemError.text(error))") }
    var status: Int32 = 0
    if child_wait(process, Int32(clamping: seconds * 1000), &status) != 0 {
      child_stop(process, 0, true, &status)
      throw Failure("\(program) has not ended within \(seconds) s; it was killed:\n\(output.text)")
    }
    return (status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F, output.text)
  }
}
