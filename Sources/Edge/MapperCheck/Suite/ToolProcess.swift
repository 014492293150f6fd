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

  /// - Parameter program: looked for in PATH.
  /// - Returns: its exit status and the last 64 KiB of what it printed.
  package static func run(_ program: String, _ arguments: [String]) throws(Failure) -> (
    status: Int32, output: String
  ) {
    guard let output = OutputFile(), let plan = child_plan_create("/usr/bin/env") else {
      throw Failure("no room for what \(program) prints")
    }
    defer { child_plan_destroy(plan) }
    for argument in [program] + arguments { child_plan_argument(plan, argument) }
    child_plan_descriptor(plan, output.descriptor, 1)
    child_plan_descriptor(plan, output.descriptor, 2)
    child_plan_death_signal(plan, SIGKILL)
    var process = pid_t()
    let error = child_spawn(plan, &process)
    guard error == 0 else { throw Failure("\(program): \(SystemError.text(error))") }
    var status: Int32 = 0
    child_wait(process, -1, &status)
    return (status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F, output.text)
  }
}
