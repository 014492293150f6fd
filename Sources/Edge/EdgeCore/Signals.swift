// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc
internal import Threads

/// SIGINT and SIGTERM as something to await.
package struct Signals: Sendable {
  private let descriptor: Int32

  /// Catches both from now on. Once a process, before anything is started.
  package init() throws(AgentError) {
    descriptor = sv_signals_watch()
    guard descriptor >= 0 else { throw AgentError("signals cannot be caught: \(SystemError.text(errno))") }
  }

  /// Waits for the first of them and returns its name. A second one ends the process at once.
  package func wait() async throws(AgentError) -> String {
    let (names, continuation) = AsyncStream.makeStream(of: String.self)
    do throws(WorkerThread.StartError) {
      _ = try WorkerThread("signals") { [descriptor] in
        var number: UInt8 = 0
        while read(descriptor, &number, 1) < 0, errno == EINTR {}
        continuation.yield(Int32(number) == SIGINT ? "SIGINT" : "SIGTERM")
        continuation.finish()
      }
    } catch {
      throw AgentError(error.description)
    }
    var first = ""
    for await name in names { first = name }
    return first
  }
}
