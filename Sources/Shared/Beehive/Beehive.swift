// SPDX-License-Identifier: Apache-2.0
package import Logging

/// Starts modules in the order of registration and stops them in reverse.
package actor Beehive {
  package struct StartError: Error, CustomStringConvertible {
    package let module: String
    package let reason: String
    package var description: String { "module \(module) did not start: \(reason)" }
  }

  private let log: Logger
  private let stopLimit: Duration
  private var registered: [any Module] = []
  private var started: [any Module] = []

  /// - Parameter stopLimit: how long one module may take to stop before the next one's turn comes.
  package init(log: Logger, stopLimit: Duration = .seconds(5)) {
    self.log = log
    self.stopLimit = stopLimit
  }

  package func register(_ module: any Module) { registered.append(module) }

  /// The names of the modules that run now, in the order of their start.
  package var running: [String] { started.map(\.name) }

  /// Starts all that is registered. When one fails, those that run already are stopped again.
  package func start() async throws(StartError) {
    for module in registered {
      started.append(module)
      do {
        try await module.start()
        log.debug("module started", metadata: ["module": "\(module.name)"])
      } catch {
        await stop()
        throw StartError(module: module.name, reason: "\(error)")
      }
    }
  }

  /// Stops in reverse order. A module that takes too long is named and left behind.
  package func stop() async {
    while let module = started.popLast() {
      let finished = await finishes(module.stop, within: stopLimit)
      if finished {
        log.debug("module stopped", metadata: ["module": "\(module.name)"])
      } else {
        log.error(
          "module did not stop in time", metadata: ["module": "\(module.name)", "limit": "\(stopLimit)"])
      }
    }
  }

  /// Unstructured on purpose: a stop that hangs must not be waited for, as a task group would.
  private nonisolated func finishes(
    _ work: @escaping @Sendable () async -> Void, within limit: Duration
  ) async -> Bool {
    let (results, continuation) = AsyncStream.makeStream(of: Bool.self)
    let worker = Task {
      await work()
      continuation.yield(true)
    }
    let timer = Task {
      try? await Task.sleep(for: limit)
      continuation.yield(false)
    }
    var first = false
    for await result in results {
      first = result
      break
    }
    timer.cancel()
    if !first { worker.cancel() }
    return first
  }
}
