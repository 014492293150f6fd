// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc
internal import MapperEngine

/// Explains how a runner ended: by its status, and by what the call board says it was doing.
struct ProcessEnd: Equatable {
  enum Status: Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// The call that the thread was in that took the process down.
  struct Call: Equatable {
    /// 0: of no device.
    var session: UInt32
    var function: UInt32
  }

  var status: Status
  /// Nil when no thread noted itself: it was ended from outside, or by a thread that is not the host's.
  var call: Call?

  /// - Parameter waitStatus: as `waitpid` gives it.
  init(waitStatus: Int32, board: OpaquePointer?) {
    let signal = waitStatus & 0x7F
    status = signal == 0 ? .exited(waitStatus >> 8 & 0xFF) : .signalled(signal)
    guard let board else { return }
    let slot = sv_board_fault_slot(board)
    guard slot >= 0 else { return }
    let entry = sv_board_read(board, slot)
    // A thread between two calls has done nothing of the driver's.
    if entry.function != 0 { call = Call(session: entry.session, function: entry.function) }
  }

  init(status: Status, call: Call?) {
    self.status = status
    self.call = call
  }

  /// "signal 11 (SIGSEGV) in read of default/pump-1", "exit status 3 in load of the library".
  func text(device: (_ session: UInt32) -> String?) -> String {
    var text: String
    switch status {
    case .exited(let code): text = "exit status \(code)" + (Self.meaning(of: code).map { " (\($0))" } ?? "")
    case .signalled(let signal): text = "signal \(signal) (\(Self.name(ofSignal: signal)))"
    }
    guard let call else { return text }
    let function = CallFunction(rawValue: call.function)?.name ?? "function \(call.function)"
    let object =
      call.session == 0 ? "the library" : device(call.session) ?? "session \(call.session), which has ended"
    text += " in \(function) of \(object)"
    return text
  }

  /// What the runner itself means by a status; a driver may call exit too, with any.
  private static func meaning(of code: Int32) -> String? {
    switch code {
    case RunnerExit.usage: "the runner was not started by a host"
    case RunnerExit.badFrame: "the runner did not understand its host"
    case RunnerExit.hostGone: "the runner lost its host"
    case RunnerExit.driverStuck: "a driver did not come back to stop"
    default: nil
    }
  }

  static func name(ofSignal signal: Int32) -> String {
    switch signal {
    case SIGHUP: "SIGHUP"
    case SIGINT: "SIGINT"
    case SIGQUIT: "SIGQUIT"
    case SIGILL: "SIGILL"
    case SIGTRAP: "SIGTRAP"
    case SIGABRT: "SIGABRT"
    case SIGBUS: "SIGBUS"
    case SIGFPE: "SIGFPE"
    case SIGKILL: "SIGKILL"
    case SIGUSR1: "SIGUSR1"
    case SIGSEGV: "SIGSEGV"
    case SIGUSR2: "SIGUSR2"
    case SIGPIPE: "SIGPIPE"
    case SIGALRM: "SIGALRM"
    case SIGTERM: "SIGTERM"
    case SIGXCPU: "SIGXCPU"
    case SIGXFSZ: "SIGXFSZ"
    case SIGSYS: "SIGSYS"
    default: "SIG\(signal)"
    }
  }
}
