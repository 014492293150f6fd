// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import CSpawn
internal import Glibc
internal import MapperEngine
internal import Threads

/// The engine in a `mapper-runner` of its own, as the agent uses it.
final class RunnerEngine: EngineLink {
  let record = EngineRecord()
  private let process: pid_t
  private let socket: Int32
  private let board: Int32
  private let reader: WorkerThread

  init(program: String, library: String) throws(CheckEnd) {
    var pair: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
      throw .skipped("no socket pair")
    }
    defer { close(pair[1]) }
    board = sv_board_create()
    guard board >= 0, let plan = child_plan_create(program) else {
      close(pair[0])
      throw .skipped("no memory for a runner")
    }
    defer { child_plan_destroy(plan) }
    child_plan_argument(plan, library)
    child_plan_environment(plan, "SWIFT_BACKTRACE=enable=no")
    child_plan_descriptor(plan, pair[1], RunnerLoop.socketDescriptor)
    child_plan_descriptor(plan, board, RunnerLoop.boardDescriptor)
    child_plan_death_signal(plan, SIGKILL)
    var id = pid_t()
    let error = child_spawn(plan, &id)
    guard error == 0 else {
      close(pair[0])
      close(board)
      throw .skipped("\(program) cannot be started: \(SystemError.text(error))")
    }
    process = id
    socket = pair[0]
    do throws(WorkerThread.StartError) {
      reader = try WorkerThread("probe-reader") { [record, socket] in Self.read(socket, into: record) }
    } catch {
      var status: Int32 = 0
      child_stop(id, 0, false, &status)
      close(pair[0])
      close(board)
      throw .skipped(error.description)
    }
  }

  func send(_ command: EngineCommand) {
    let frame = command.encode()
    var sent = 0
    while sent < frame.count {
      let count = frame.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress.map { $0 + sent }, frame.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      sent += count
    }
  }

  func stop() -> String? {
    send(.stop)
    var status: Int32 = 0
    var end: String?
    if child_wait(process, Int32(EngineRecord.patience) * 1000, &status) == 0 {
      let signal = status & 0x7F
      if signal != 0 {
        end = "the runner ended by \(SignalName.of(signal))"
      } else if status >> 8 & 0xFF != RunnerExit.stopped {
        end = "the runner ended with status \(status >> 8 & 0xFF)"
      }
    } else {
      child_stop(process, 0, false, &status)
      end = "the runner did not end within \(EngineRecord.patience) s"
    }
    shutdown(socket, Int32(SHUT_RDWR))
    reader.join()
    close(socket)
    close(board)
    return end
  }

  private static func read(_ socket: Int32, into record: EngineRecord) {
    var input = FrameInput(descriptor: socket)
    defer { record.end() }
    while input.fill() {
      do throws(Frame.Malformed) {
        while try input.next({ (frame, header) throws(Frame.Malformed) in
          if header.kind == Frame.Kind.samples.rawValue {
            record.count(Int(header.count))
          } else {
            record.send(try EngineEvent(frame: frame, header: header))
          }
        }) != nil {}
      } catch {
        return
      }
    }
  }
}
