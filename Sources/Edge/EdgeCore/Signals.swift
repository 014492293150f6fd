// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc
internal import Threads

/// What the system tells the agent, as something to await: SIGINT and SIGTERM to stop, SIGHUP to read the
/// configuration again. A second signal to stop ends the process at once.
package struct Signals: Sendable {
  package enum Signal: Sendable, Equatable {
    case stop(String)
    case reload
  }

  /// Every signal, in order. For one reader.
  package let all: AsyncStream<Signal>

  /// Catches them from now on. Once a process, before anything is started.
  package init() throws(AgentError) {
    let descriptor = sv_signals_watch()
    guard descriptor >= 0 else { throw AgentError("signals cannot be caught: \(SystemError.text(errno))") }
    // Further reloads than these are dropped: there are enough of them.
    let (signals, continuation) = AsyncStream.makeStream(
      of: Signal.self, bufferingPolicy: .bufferingOldest(64))
    all = signals
    do throws(WorkerThread.StartError) {
      _ = try WorkerThread("signals") {
        var number: UInt8 = 0
        while true {
          let count = read(descriptor, &number, 1)
          if count < 0, errno == EINTR { continue }
          guard count == 1 else { break }
          if Int32(number) == SIGHUP {
            continuation.yield(.reload)
          } else if case .dropped = continuation.yield(.stop(Int32(number) == SIGINT ? "SIGINT" : "SIGTERM"))
          {
            // Nobody takes the reloads, so nobody would hear this either.
            _exit(128 + Int32(number))
          }
        }
        continuation.finish()
      }
    } catch {
      throw AgentError(error.description)
    }
  }
}
