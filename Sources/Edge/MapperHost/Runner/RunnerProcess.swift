// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import CSpawn
internal import Glibc
internal import MapperEngine

/// One `mapper-runner` process with what is shared with it.
///
/// Sound as `@unchecked Sendable`: made by one thread, which hands it to the reader's and uses it no more.
final class RunnerProcess: @unchecked Sendable {
  let id: pid_t
  /// The host's end of the socket pair; whoever makes a `RunnerLink` of it owns it then.
  let socket: Int32
  /// What the runner prints.
  let output: Int32
  /// Readable once the process has ended; -1 when the kernel offers none.
  let watch: Int32
  let board: OpaquePointer
  let limits: RunnerLimits
  private(set) var hasEnded = false

  /// - Parameters:
  ///   - environment: `NAME=value`; nothing else is handed down.
  init(program: String, library: String, environment: [String], limits: RunnerLimits) throws(FileProblem) {
    var fresh = Descriptors()
    defer { fresh.closeAll() }
    let (host, runner) = try fresh.socketPair()
    let (reading, writing) = try fresh.pipe()
    let memory = fresh.add(sv_board_create())
    guard memory >= 0, let board = sv_board_map(memory) else {
      throw FileProblem("cannot make a call board", code: errno)
    }

    guard let plan = child_plan_create(program) else {
      throw FileProblem("cannot start \(program)", code: ENOMEM)
    }
    defer { child_plan_destroy(plan) }
    child_plan_argument(plan, library)
    child_plan_clear_environment(plan)
    for variable in environment { child_plan_environment(plan, variable) }
    child_plan_environment(plan, RunnerLoop.tunables)
    child_plan_environment(plan, Confinement.variable + "=" + limits.confinement.text)
    child_plan_descriptor(plan, writing, 1)
    child_plan_descriptor(plan, writing, 2)
    child_plan_descriptor(plan, runner, RunnerLoop.socketDescriptor)
    child_plan_descriptor(plan, memory, RunnerLoop.boardDescriptor)
    child_plan_new_group(plan)
    child_plan_death_signal(plan, SIGKILL)
    var id = pid_t()
    let error = child_spawn(plan, &id)
    guard error == 0 else {
      sv_board_unmap(board)
      throw FileProblem("cannot start \(program)", code: error)
    }
    self.id = id
    self.board = board
    self.limits = limits
    socket = fresh.keep(host)
    output = fresh.keep(reading)
    watch = child_watch(id)
  }

  deinit {
    sv_board_unmap(board)
    close(output)
    if watch >= 0 { close(watch) }
  }

  /// Ends the process and all that it may have started. It has still to be reaped.
  func kill() {
    if !hasEnded { child_signal(id, SIGKILL, true) }
  }

  /// Reaps the process once it has ended; nil when it still runs after `milliseconds`.
  func reap(within milliseconds: Int32) -> Int32? {
    var status: Int32 = 0
    switch child_wait(id, milliseconds, &status) {
    case 0:
      hasEnded = true
      return status
    case ETIMEDOUT: return nil
    default:
      // Somebody else reaped it: how it ended is lost.
      hasEnded = true
      return 0
    }
  }
}

/// Descriptors that are closed unless they are kept.
private struct Descriptors {
  private var open: [Int32] = []

  mutating func add(_ descriptor: Int32) -> Int32 {
    if descriptor >= 0 { open.append(descriptor) }
    return descriptor
  }

  mutating func keep(_ descriptor: Int32) -> Int32 {
    open.removeAll { $0 == descriptor }
    return descriptor
  }

  mutating func socketPair() throws(FileProblem) -> (Int32, Int32) {
    var pair: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
      throw FileProblem("cannot make a socket pair", code: errno)
    }
    open += pair
    return (pair[0], pair[1])
  }

  /// Reading does not block, writing does.
  mutating func pipe() throws(FileProblem) -> (Int32, Int32) {
    var pair: [Int32] = [-1, -1]
    // Between the two calls a child could inherit it: all of ours are started by CSpawn, which closes it.
    guard Glibc.pipe(&pair) == 0 else { throw FileProblem("cannot make a pipe", code: errno) }
    open += pair
    for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(pair[0], F_SETFL, O_NONBLOCK)
    return (pair[0], pair[1])
  }

  mutating func closeAll() {
    for descriptor in open { close(descriptor) }
    open = []
  }
}
