// SPDX-License-Identifier: Apache-2.0
import CSpawn
import Glibc
import Synchronization
import TestSupport

/// A program that a test started. It ends with the object, and with the tests.
final class ChildProcess: Sendable {
  enum End: Equatable, Sendable {
    case exited(Int32)
    case killed(Int32)
  }

  struct SpawnError: Error, CustomStringConvertible {
    let description: String
  }

  let id: pid_t
  /// Standard output and standard error.
  let output: String
  private let end = Mutex<End?>(nil)

  /// - Parameters:
  ///   - output: the file that takes both outputs; what it holds stays.
  ///   - descriptors: more that the program gets, each by its number here and there.
  init(
    _ program: String, _ arguments: [String], environment: [String] = [], input: String? = nil,
    output: String,
    errors: String? = nil, descriptors: [(from: Int32, to: Int32)] = []
  ) throws {
    guard let plan = child_plan_create(program) else { throw SpawnError(description: "out of memory") }
    defer { child_plan_destroy(plan) }
    for argument in arguments { child_plan_argument(plan, argument) }
    for assignment in environment { child_plan_environment(plan, assignment) }
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
    let out = open(output, flags, 0o600)
    let error = errors.map { open($0, flags, 0o600) }
    let from = input.map { open($0, O_RDONLY | O_CLOEXEC) }
    defer {
      close(out)
      if let error { close(error) }
      if let from { close(from) }
    }
    child_plan_descriptor(plan, out, 1)
    child_plan_descriptor(plan, error ?? out, 2)
    if let from { child_plan_descriptor(plan, from, 0) }
    for descriptor in descriptors { child_plan_descriptor(plan, descriptor.from, descriptor.to) }
    child_plan_death_signal(plan, SIGKILL)
    var id: pid_t = 0
    let code = child_spawn(plan, &id)
    guard code == 0 else {
      throw SpawnError(description: "\(program) did not start: \(String(cString: strerror(code)))")
    }
    self.id = id
    self.output = output
  }

  deinit { kill() }

  func signal(_ number: Int32) {
    end.withLock { end in
      if end == nil { child_signal(id, number, false) }
    }
  }

  /// Ends it at once; returns when it is gone.
  func kill() {
    end.withLock { end in
      guard end == nil else { return }
      var status: Int32 = 0
      child_stop(id, 0, false, &status)
      end = Self.end(status)
    }
  }

  /// How it ended, nil while it runs.
  var ending: End? {
    end.withLock { end in
      var status: Int32 = 0
      if end == nil, child_wait(id, 0, &status) == 0 { end = Self.end(status) }
      return end
    }
  }

  /// Waits for its end; nil: it runs on after the limit.
  func wait(within limit: Duration = .seconds(60)) async -> End? {
    _ = await eventually(within: limit) { ending != nil }
    return ending
  }

  private static func end(_ status: Int32) -> End {
    status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
  }
}
