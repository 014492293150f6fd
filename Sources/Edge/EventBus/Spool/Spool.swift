// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import Synchronization
internal import Threads

/// Telemetry that its broker cannot take now, kept on disk within bounds and given back in order.
///
/// Publishers hand messages over in memory; a thread of the spool's own writes them in groups and reads ahead what is
/// to be replayed, so that neither a publisher nor the connection waits for a disk. A disk that takes nothing costs no
/// more than what memory cannot hold: the oldest go first, counted.
///
/// Messages survive a restart and a kill of this process. After a power cut the last seconds may be missing: files are
/// synchronised every 5 s and when they are complete, never message by message.
final class Spool: Sendable {
  enum Operation {
    case append(SpooledMessage)
    /// What `insert` brings later belongs here.
    case mark
    case insert([SpooledMessage])
    case unmark
  }

  struct Ready {
    let message: SpooledMessage
    /// Nil: it never was on disk.
    let end: SpoolFolder.Position?
    var isAcknowledged = false
  }

  struct State {
    /// Not on disk yet; bounded by `SpoolOptions.memoryBytes`, the oldest go.
    var incoming: [Operation] = []
    var incomingBytes = 0
    var firstIncoming: Int64 = 0
    /// Read ahead: handed to the connection up to `handed`; the first one has the number `firstReady`.
    var ready: [Ready] = []
    var handed = 0
    var firstReady: UInt64 = 0
    /// Everything up to here is acknowledged.
    var acknowledged: SpoolFolder.Position?
    var isNewlyAcknowledged = false
    /// There is more than what is ready.
    var hasMore = false
    /// A broker that was never there is no outage: nothing is kept for it.
    var isActive: Bool
    var wantsActive = false
    var isStopping = false
    var statistics = SpoolStatistics()
  }

  /// Messages given to the connection at once.
  static let readAhead = 256
  static let readAheadBytes = 512 << 10
  static let gatherTime: Int64 = 100_000_000

  let options: SpoolOptions
  let path: String
  let log: Logger
  let shared: Monitor<State>
  let end = ThreadEnd()
  private let onReady: @Sendable () -> Void
  private let worker = Mutex<WorkerThread?>(nil)

  /// - Parameters:
  ///   - name: of the folder, one for each broker.
  ///   - onReady: messages can be taken; called on the spool's thread.
  init(_ options: SpoolOptions, name: String, log: Logger, onReady: @escaping @Sendable () -> Void) {
    self.options = options
    self.log = log
    self.onReady = onReady
    path = options.folder + "/" + name
    shared = Monitor(State(isActive: access(path, F_OK) == 0))
  }

  func start() throws {
    let started = try WorkerThread("mqtt-spool") { SpoolWorker(self).run() }
    worker.withLock { $0 = started }
  }

  /// Writes what is left. Nothing is taken afterwards.
  func stop() async {
    guard let worker = worker.withLock({ $0.take() }) else { return }
    shared.withLock { $0.isStopping = true }
    shared.signal()
    await end.wait()
    worker.join()
  }

  func tellReady() { onReady() }

  // MARK: - For publishers and the connection

  /// The broker is there: from now on its absence is an outage.
  func activate() {
    shared.withLock { if !$0.isActive { $0.wantsActive = true } }
    shared.signal()
  }

  /// False: nothing is kept for this broker.
  func append(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic) -> Bool {
    let message = SpooledMessage(replaying: payload, on: topic)
    return add(.append(message), messages: 1, bytes: message.size)
  }

  /// Messages that were accepted and not acknowledged: they are older than all since `mark`, or newer than all where
  /// there is no mark.
  func giveBack(_ messages: [OutgoingMessage]) -> Bool {
    let kept = messages.map { SpooledMessage(replaying: $0.payload, on: $0.topic) }
    return add(.insert(kept), messages: kept.count, bytes: kept.reduce(0) { $0 + $1.size })
  }

  /// Begins a time in which messages are spooled while older ones are still on their way.
  func mark() { _ = add(.mark, messages: 0, bytes: 0) }

  /// What was on its way has arrived, or was given back.
  func unmark() { _ = add(.unmark, messages: 0, bytes: 0) }

  private func add(_ operation: Operation, messages: Int, bytes: Int) -> Bool {
    let (isTaken, isFirst) = shared.withLock { state -> (Bool, Bool) in
      guard state.isActive || state.wantsActive, !state.isStopping else { return (false, false) }
      let isFirst = state.incoming.isEmpty
      if isFirst { state.firstIncoming = WallClock.monotonic }
      state.incoming.append(operation)
      state.incomingBytes += bytes
      state.statistics.spooled += UInt64(messages)
      state.statistics.messages += messages
      if state.incomingBytes > options.memoryBytes { Self.dropOldest(&state, to: options.memoryBytes) }
      return (true, isFirst)
    }
    if isFirst { shared.signal() }
    return isTaken
  }

  /// The worker is behind by more than memory may hold.
  private static func dropOldest(_ state: inout State, to limit: Int) {
    var kept = state.incoming[...]
    var dropped = 0
    var marks: [Operation] = []
    // Down to three quarters, so that the array is not moved for each message.
    while state.incomingBytes > limit / 4 * 3, let operation = kept.popFirst() {
      switch operation {
      case .append(let message):
        dropped += 1
        state.incomingBytes -= message.size
      case .insert(var messages):
        var count = 0
        while state.incomingBytes > limit / 4 * 3, count < messages.count {
          state.incomingBytes -= messages[count].size
          count += 1
        }
        dropped += count
        messages.removeFirst(count)
        if !messages.isEmpty { marks.append(.insert(messages)) }
      case .mark, .unmark: marks.append(operation)
      }
    }
    state.incoming = marks + kept
    state.statistics.droppedMemory += UInt64(dropped)
    state.statistics.messages -= dropped
  }

  /// The next messages to replay, at most `count` and about `bytes`, each with the number for `acknowledge`.
  func take(_ count: Int, bytes: Int) -> [(number: UInt64, message: SpooledMessage)] {
    let (taken, isLow) = shared.withLock { state -> ([(number: UInt64, message: SpooledMessage)], Bool) in
      var taken: [(number: UInt64, message: SpooledMessage)] = []
      var size = 0
      while taken.count < count, size < bytes, state.handed < state.ready.count {
        // Acknowledged before the connection was lost, out of turn.
        if state.ready[state.handed].isAcknowledged {
          state.handed += 1
          continue
        }
        let message = state.ready[state.handed].message
        taken.append((state.firstReady + UInt64(state.handed), message))
        size += message.size
        state.handed += 1
      }
      return (taken, state.hasMore && state.ready.count - state.handed < Self.readAhead / 2)
    }
    if isLow { shared.signal() }
    return taken
  }

  /// Whether `take` would give something.
  var canTake: Bool { shared.withLock { $0.handed < $0.ready.count } }

  /// The broker has them.
  func acknowledge(_ numbers: [UInt64]) {
    guard !numbers.isEmpty else { return }
    shared.withLock { state in
      for number in numbers where number >= state.firstReady {
        let index = Int(number - state.firstReady)
        guard index < state.ready.count, !state.ready[index].isAcknowledged else { continue }
        state.ready[index].isAcknowledged = true
        state.statistics.replayed += 1
        state.statistics.messages -= 1
      }
      let through = state.ready.prefix { $0.isAcknowledged }.count
      guard through > 0 else { return }
      if let end = state.ready[..<through].last(where: { $0.end != nil })?.end { state.acknowledged = end }
      state.isNewlyAcknowledged = true
      state.ready.removeFirst(through)
      state.handed = max(state.handed - through, 0)
      state.firstReady += UInt64(through)
    }
    shared.signal()
  }

  /// The connection ended: what was not acknowledged is taken again.
  func rewind() { shared.withLock { $0.handed = 0 } }

  var statistics: SpoolStatistics { shared.withLock { $0.statistics } }
}
