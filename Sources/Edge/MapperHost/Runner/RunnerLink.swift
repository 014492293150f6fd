// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import MapperEngine
internal import Synchronization
internal import Threads

/// The host's end of one runner process.
///
/// Commands are sent by the thread that has them, without a hop; what the socket does not take at once waits in a
/// backlog that the reader sends. Beyond `backlogLimit` bytes no more requests are taken. Bindings always are: there
/// is one for each device.
final class RunnerLink: EngineLink {
  private struct State {
    var isOpen = true
    /// Bytes that the socket did not take yet; those before `sent` are gone.
    var backlog: [UInt8] = []
    var sent = 0
    var orders: [EngineOrder] = []
  }

  static let backlogLimit = 1 << 20

  let waiting = WaitingRequests()
  let counters = CounterCell()
  let wakeUp: WakeUp
  private let socket: Int32
  private let state = Mutex(State())

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

  var hasRoom: Bool { state.withLock { $0.backlog.count - $0.sent < Self.backlogLimit } }

  func send(_ command: EngineCommand) {
    let frame = command.encode()
    state.withLock { state in
      // However many ask while the runner takes nothing, the backlog must not grow by it.
      guard state.isOpen, command != .counters || state.backlog.isEmpty else { return }
      send(frame, &state)
    }
  }

  /// Wakes the reader.
  func order(_ order: EngineOrder) {
    let isTaken = state.withLock { state in
      guard state.isOpen else { return false }
      state.orders.append(order)
      return true
    }
    if isTaken { wakeUp.raise() }
  }

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

  func takeOrders() -> [EngineOrder] {
    state.withLock { state in
      defer { state.orders = [] }
      return state.orders
    }
  }

  /// Nothing is taken any more.
  func shut(_ reason: String) {
    state.withLock { state in
      state.isOpen = false
      state.backlog = []
      state.sent = 0
      state.orders = []
    }
    waiting.shut(reason)
    counters.close()
  }
}
