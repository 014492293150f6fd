// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import MapperEngine
internal import Synchronization
internal import Threads

/// The host's end of one runner process, for any thread: commands and writes go out through it, and its
/// reader takes what others ask of it.
///
/// Commands are sent by the thread that has them, without a hop; what the socket does not take at once waits
/// in a backlog that the reader sends. Of writes at most `writeLimit` wait for answers and `backlogLimit`
/// bytes for the socket: more are answered with `.busy` and counted. Bindings are always taken: there is one
/// for each device.
final class RunnerLink: Sendable {
  /// What the reader is asked to do.
  enum Order: Sendable {
    case open(Session, SessionBinding, any DeviceFeed)
    /// The device's twin has another form now: from here on samples go to this feed.
    case refeed(Session, any DeviceFeed)
    case close(Session)
    case stop
  }

  private struct State {
    var isOpen = true
    /// Bytes that the socket did not take yet; those before `sent` are gone.
    var backlog: [UInt8] = []
    var sent = 0
    var pending: [UInt64: PendingWrite] = [:]
    var orders: [Order] = []
    var refusedWrites: UInt64 = 0
  }

  static let writeLimit = 4096
  static let backlogLimit = 1 << 20

  let wakeUp: WakeUp
  let counters = CounterCell()
  private let socket: Int32
  private let state = Mutex(State())
  private let lastRequest = Atomic<UInt64>(0)

  /// Takes over `socket`.
  init(socket: Int32) throws(FileProblem) {
    self.socket = socket
    do throws(FileProblem) {
      wakeUp = try WakeUp.make()
    } catch {
      close(socket)
      throw error
    }
  }

  deinit { close(socket) }

  var descriptor: Int32 { socket }

  // MARK: - For all

  func write(_ items: [WriteRequest.Item], _ pending: PendingWrite) {
    let request = lastRequest.add(1, ordering: .relaxed).newValue
    let frame = EngineCommand.write(
      WriteRequest(session: pending.session.id, request: request, items: items)
    ).encode()
    enum Result { case sent, closed, full }
    let result: Result = state.withLock { state in
      guard state.isOpen else { return .closed }
      guard state.pending.count < Self.writeLimit, state.backlog.count - state.sent < Self.backlogLimit else {
        state.refusedWrites += 1
        return .full
      }
      state.pending[request] = pending
      send(frame, &state)
      return .sent
    }
    switch result {
    case .sent: break
    case .closed: pending.finish(.unavailable, "the mapper's runner has ended")
    case .full: pending.finish(.busy, "too many writes wait for the mapper")
    }
  }

  func send(_ command: EngineCommand) {
    let frame = command.encode()
    state.withLock { state in
      if state.isOpen { send(frame, &state) }
    }
  }

  /// Wakes the reader for an order; ignored when it has ended.
  func order(_ order: Order) {
    let isTaken = state.withLock { state in
      guard state.isOpen else { return false }
      state.orders.append(order)
      return true
    }
    if isTaken { wakeUp.raise() }
  }

  /// How many writes were answered with `.busy` by the host itself.
  var refusedWrites: UInt64 { state.withLock { $0.refusedWrites } }

  private func send(_ frame: [UInt8], _ state: inout State) {
    guard state.backlog.isEmpty else {
      state.backlog.append(contentsOf: frame)
      return
    }
    let sent = frame.withUnsafeBytes { put($0) }
    guard sent < frame.count else { return }
    state.backlog.append(contentsOf: frame[sent...])
    wakeUp.raise()
  }

  /// Returns how many bytes the socket took. An error counts as none: the reader sees it too.
  private func put(_ bytes: UnsafeRawBufferPointer) -> Int {
    while true {
      let sent = Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
      if sent >= 0 { return sent }
      if errno != EINTR { return 0 }
    }
  }

  // MARK: - For the reader

  var hasBacklog: Bool { state.withLock { !$0.backlog.isEmpty } }

  func flush() {
    state.withLock { state in
      state.sent += state.backlog[state.sent...].withUnsafeBytes { put($0) }
      guard state.sent == state.backlog.count else {
        if state.sent > 1 << 16, state.sent * 2 > state.backlog.count {
          state.backlog.removeFirst(state.sent)
          state.sent = 0
        }
        return
      }
      // A large one came with many bindings and is not needed again soon.
      state.backlog.removeAll(keepingCapacity: state.backlog.count < 1 << 16)
      state.sent = 0
    }
  }

  func takeOrders() -> [Order] {
    state.withLock { state in
      defer { state.orders = [] }
      return state.orders
    }
  }

  var hasPendingWrites: Bool { state.withLock { !$0.pending.isEmpty } }

  func finish(request: UInt64, session: UInt32, _ items: [WriteItemOutcome]) {
    let pending = state.withLock { state in
      // A runner whose memory is damaged must not answer for another device.
      state.pending[request]?.session.id == session ? state.pending.removeValue(forKey: request) : nil
    }
    pending?.finish(items)
  }

  /// Gives up writes whose time is over.
  func expire(now: Int64) {
    for write in remove(where: { $0.deadline <= now }) {
      write.finish(.timeout, "no answer from the mapper in \(write.session.writeLimit / 1_000_000) ms")
    }
  }

  /// Ends the writes of one session: their outcome on the device is unknown.
  func abandon(_ session: Session, _ reason: String) {
    for write in remove(where: { $0.session === session }) { write.finish(.unavailable, reason) }
  }

  /// Nothing is taken any more.
  func shut(_ reason: String) {
    state.withLock { state in
      state.isOpen = false
      state.backlog = []
      state.orders = []
    }
    for write in remove(where: { _ in true }) { write.finish(.unavailable, reason) }
    counters.close()
  }

  private func remove(where matches: (PendingWrite) -> Bool) -> [PendingWrite] {
    state.withLock { state in
      let requests = state.pending.filter { matches($0.value) }.keys.sorted()
      return requests.compactMap { state.pending.removeValue(forKey: $0) }
    }
  }
}
