// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import CSpawn
internal import Glibc
internal import JSON
internal import Threads

/// One job of a probe in a process of its own, so that nothing that a library does ends the suite.
struct ProbeProcess {
  /// What became of it.
  struct End {
    /// Nil when the process ended without one, or was stopped.
    var result: CheckResult.Outcome?
    var lines: [String] = []
    /// The call of the library that was under way.
    var step = ""
    var signal: Int32 = 0
    var status: Int32 = 0
    var isLate = false
    /// What it printed, the last of it.
    var output = ""
  }

  /// - Parameters:
  ///   - arguments: of `mapper-check`.
  ///   - milliseconds: after which it is killed.
  static func run(
    program: String, arguments: [String], environment: [String], milliseconds: Int
  ) throws(CheckEnd) -> End {
    var pipe: [Int32] = [-1, -1]
    guard Glibc.pipe(&pipe) == 0 else { throw .skipped("no pipe: \(SystemError.text(errno))") }
    defer { close(pipe[0]) }
    for descriptor in pipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    guard let printed = OutputFile(), let plan = child_plan_create(program) else {
      close(pipe[1])
      throw .skipped("no room for what a process prints")
    }
    defer { child_plan_destroy(plan) }
    for argument in arguments { child_plan_argument(plan, argument) }
    child_plan_environment(plan, "SWIFT_BACKTRACE=enable=no")
    for variable in environment { child_plan_environment(plan, variable) }
    child_plan_descriptor(plan, printed.descriptor, 1)
    child_plan_descriptor(plan, printed.descriptor, 2)
    child_plan_descriptor(plan, pipe[1], ProbeOutput.descriptor)
    child_plan_new_group(plan)
    child_plan_death_signal(plan, SIGKILL)
    var process = pid_t()
    let error = child_spawn(plan, &process)
    close(pipe[1])
    guard error == 0 else { throw .skipped("\(program) cannot be started: \(SystemError.text(error))") }

    var end = End()
    end.isLate = !read(pipe[0], until: sv_monotonic_ns() + Int64(milliseconds) * 1_000_000, &end)
    var status: Int32 = 0
    if end.isLate || child_wait(process, 20_000, &status) != 0 {
      child_stop(process, 0, true, &status)
    }
    // What the library may have started goes with it.
    child_signal(process, SIGKILL, true)
    if !end.isLate {
      end.signal = status & 0x7F
      end.status = status >> 8 & 0xFF
    }
    end.output = printed.text
    return end
  }

  /// Reads lines until the process has closed its end; false: it had not at the deadline.
  private static func read(_ descriptor: Int32, until deadline: Int64, _ end: inout End) -> Bool {
    var pending: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let left = deadline - sv_monotonic_ns()
      guard left > 0 else { return false }
      var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&watched, 1, Int32(clamping: left / 1_000_000 + 1)) > 0 else { continue }
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return true }
      pending += buffer[..<count]
      while let newline = pending.firstIndex(of: UInt8(ascii: "\n")) {
        take(Array(pending[..<newline]), &end)
        pending.removeSubrange(...newline)
      }
    }
  }

  private static func take(_ line: [UInt8], _ end: inout End) {
    guard let words = (try? JSON.parse(line))?.array?.map({ $0.string ?? "" }), let kind = words.first else {
      return
    }
    let text = words.dropFirst().first ?? ""
    switch kind {
    case "step": end.step = text
    case "line": if end.lines.count < 10_000 { end.lines.append(text) }
    case "pass": end.result = .passed
    case "skip": end.result = .skipped(text)
    case "fail": end.result = .failed(expected: text, seen: words.count > 2 ? words[2] : "")
    default: break
    }
  }
}
