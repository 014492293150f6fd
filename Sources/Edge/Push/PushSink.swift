// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Synchronization

/// The queue before one destination, and the task that empties it.
///
/// A batch that failed is tried again with a growing wait, so values keep their order; what comes meanwhile waits, up to
/// a limit, beyond which the oldest go.
final class PushSink: Sendable {
  private struct State {
    /// Bounded by `PushOptions.queueLimit`, with those under way: the oldest go.
    var queue: [PushItem] = []
    var underWay = 0
    var isClosing = false
    var waiter: CheckedContinuation<Void, Never>?
    var statistics: PushStatistics
  }

  private let sender: any PushSender
  private let options: PushOptions
  private let log: Logger
  private let state: Mutex<State>
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(
    kind: PushStatistics.Kind, destination: String, sender: any PushSender, options: PushOptions, log: Logger
  ) {
    self.sender = sender
    self.options = options
    self.log = log
    state = Mutex(State(statistics: PushStatistics(kind: kind, destination: destination)))
    task.withLock { $0 = Task { await self.run() } }
  }

  var statistics: PushStatistics {
    state.withLock {
      var statistics = $0.statistics
      statistics.waiting = $0.queue.count + $0.underWay
      return statistics
    }
  }

  /// Any thread; does not block.
  func add(_ items: [PushItem]) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.isClosing else {
        state.statistics.dropped += UInt64(items.count)
        return nil
      }
      state.queue += items
      let excess = min(state.queue.count + state.underWay - options.queueLimit, state.queue.count)
      if excess > 0 {
        state.queue.removeFirst(excess)
        state.statistics.dropped += UInt64(excess)
      }
      return state.waiter.take()
    }
    waiter?.resume()
  }

  /// Sends what waits, within the limit, and ends.
  func close() async {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.isClosing = true
      return state.waiter.take()
    }
    waiter?.resume()
    guard let task = task.withLock({ $0.take() }) else { return }
    let limit = Task {
      try? await Task.sleep(for: .milliseconds(options.drainLimit))
      if !Task.isCancelled { task.cancel() }
    }
    await task.value
    limit.cancel()
    await sender.close()
    state.withLock { state in
      state.statistics.dropped += UInt64(state.queue.count)
      state.queue = []
    }
  }

  // MARK: - The task

  private func run() async {
    while let batch = await take() {
      let fate = await send(batch)
      state.withLock { state in
        state.underWay = 0
        state.statistics[keyPath: fate] += UInt64(batch.count)
      }
    }
  }

  /// Tries until the batch is through, refused, or the task is cancelled; returns where to count it.
  private func send(_ batch: [PushItem]) async -> WritableKeyPath<PushStatistics, UInt64> {
    var wait = options.firstWait
    while !Task.isCancelled {
      do throws(PushFailure) {
        try await sender.send(batch)
        state.withLock { $0.statistics.problem = "" }
        return \.sent
      } catch {
        tell(error)
        if error.isFinal { return \.refused }
        state.withLock { $0.statistics.failures += 1 }
        // Spread by a fifth, so that many nodes do not try at one moment.
        try? await Task.sleep(for: .milliseconds(wait + Int.random(in: -wait / 5...wait / 5)))
        wait = min(wait * 2, options.longestWait)
      }
    }
    return \.dropped
  }

  /// Takes the oldest values out of the queue; nil at the end.
  private func take() async -> [PushItem]? {
    while !Task.isCancelled {
      let (batch, ends) = state.withLock { state -> ([PushItem], Bool) in
        let batch = Array(state.queue.prefix(sender.batchLimit))
        state.queue.removeFirst(batch.count)
        state.underWay = batch.count
        return (batch, state.isClosing)
      }
      if !batch.isEmpty { return batch }
      if ends { return nil }
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state -> Bool in
          if !state.queue.isEmpty || state.isClosing { return true }
          state.waiter = continuation
          return false
        }
        if goesOn { continuation.resume() }
      }
    }
    return nil
  }

  private func tell(_ failure: PushFailure) {
    let (isNew, destination) = state.withLock { state in
      let isNew = state.statistics.problem != failure.text
      state.statistics.problem = failure.text
      return (isNew, state.statistics.destination)
    }
    guard isNew else { return }
    log.warning(
      failure.isFinal
        ? "values are refused by \(destination) and given up" : "values cannot be sent to \(destination)",
      metadata: ["error": "\(failure.text)"])
  }
}
