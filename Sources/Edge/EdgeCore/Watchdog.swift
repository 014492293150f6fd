// SPDX-License-Identifier: Apache-2.0
internal import CShims
package import Logging
package import NIOCore
internal import Threads

/// Says to systemd that the agent lives, as long as it does: Swift's pool runs a task and the event loop a job within
/// the time that systemd gives. Otherwise it is silent, and systemd starts the agent again.
///
/// A slow disk or a driver that hangs are no reason: they are looked after elsewhere.
package final class Watchdog: Sendable {
  private let service: ServiceManager
  private let interval: Int64
  private let loops: (any EventLoopGroup)?
  private let log: Logger
  private let isStopping = Monitor(false)

  /// Nil where systemd wants to hear nothing.
  /// - Parameter loops: the agent's event loop; nil where it has none.
  package init?(_ service: ServiceManager, loops: (any EventLoopGroup)?, log: Logger) throws(AgentError) {
    guard let limit = service.watchdog else { return nil }
    self.service = service
    self.loops = loops
    self.log = log
    interval = limit / 3
    do throws(WorkerThread.StartError) {
      _ = try WorkerThread("watchdog") { [self] in run() }
    } catch {
      throw AgentError(error.description)
    }
  }

  package func stop() {
    isStopping.withLock { $0 = true }
    isStopping.signal()
  }

  private func run() {
    var next = sv_monotonic_ns()
    while !waited(until: next) {
      next = sv_monotonic_ns() + interval
      if isAlive(until: next) {
        service.alive()
      } else {
        log.error("the agent does not answer itself; the service manager is not told that it lives")
      }
    }
  }

  /// Whether the agent is to stop.
  private func waited(until time: Int64) -> Bool {
    isStopping.wait(until: { _ in time }) { isStopping in
      if isStopping { return true }
      return sv_monotonic_ns() >= time ? false : nil
    }
  }

  private func isAlive(until deadline: Int64) -> Bool {
    let answers = Monitor(loops == nil ? 1 : 0)
    let answer: @Sendable () -> Void = {
      answers.withLock { $0 += 1 }
      answers.signal()
    }
    Task { answer() }
    loops?.next().execute(answer)
    return answers.wait(until: { _ in deadline }) { count in
      if count >= 2 { return true }
      return sv_monotonic_ns() >= deadline ? false : nil
    }
  }
}
