// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import DeviceAPI
internal import Glibc

/// The life of a runner process: load, obey frames, end.
package enum RunnerLoop {
  /// The socket to the host.
  package static let socketDescriptor: Int32 = 3
  /// The shared memory of the call board.
  package static let boardDescriptor: Int32 = 4
  /// What the host adds to a runner's environment: the stacks of threads that have ended go back to the system. The
  /// hundred threads that open a hundred connections at once are not needed again.
  package static let tunables = tunablesVariable + "=glibc.pthread.stack_cache_size=0"
  private static let tunablesVariable = "GLIBC_TUNABLES"
  private static let stopLimit = Duration.seconds(2)
  /// After the last device that was bound or released: what that needed, and what is left, is known by then.
  private static let settlingTime: Int64 = 3_000_000_000

  /// Runs until the host says stop or goes away.
  ///
  /// - Returns: the exit status.
  package static func run(library: String) -> Int32 {
    sv_memory_one_arena()
    // Its host's word to the C library, which has read it; no program that a driver starts is to hear it.
    unsetenv(tunablesVariable)
    guard let board = sv_board_map(boardDescriptor) else { return RunnerExit.usage }
    _ = fcntl(socketDescriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(boardDescriptor, F_SETFD, FD_CLOEXEC)
    sv_thread_prepare("runner")
    sv_board_take_slot(board, 0)
    sv_board_watch_faults(board)

    let output = FrameOutput(descriptor: socketDescriptor)
    guard confine(output) else { return RunnerExit.refused }
    let engine = Engine(sink: output, board: board)
    guard engine.load(library) else { return RunnerExit.refused }
    return obey(engine)
  }

  /// Before the first thread, and before anything of the library is opened.
  private static func confine(_ output: FrameOutput) -> Bool {
    do {
      guard let confinement = try Confinement.takeFromEnvironment() else { return true }
      if let missing = try confinement.apply() {
        output.send(.log(session: 0, level: .warning, text: missing))
      }
      return true
    } catch {
      output.send(.refused(reason: "\(error)"))
      return false
    }
  }

  private static func obey(_ engine: Engine) -> Int32 {
    var input = FrameInput(descriptor: socketDescriptor)
    var settledAt: Int64?
    while true {
      if let time = settledAt {
        let left = time - WallClock.monotonic
        if left <= 0 || !input.isReadable(within: Int32(clamping: left / 1_000_000 + 1)) {
          // The settings of a thousand points take far more than their values do.
          sv_memory_trim()
          settledAt = nil
        }
      }
      // Without its host a runner has nobody to drive devices for.
      guard input.fill() else { return RunnerExit.hostGone }
      do throws(Frame.Malformed) {
        while let command = try input.next({ (frame, header) throws(Frame.Malformed) in
          try EngineCommand(frame: frame, header: header)
        }) {
          if command == .stop {
            return engine.stop(within: stopLimit) ? RunnerExit.stopped : RunnerExit.driverStuck
          }
          engine.handle(command)
          switch command {
          case .bind, .unbind: settledAt = WallClock.monotonic + settlingTime
          default: break
          }
        }
      } catch {
        return RunnerExit.badFrame
      }
    }
  }
}
